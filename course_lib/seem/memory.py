"""Memory: some tokens that read the picture where the last round had found something (SEEM, section 3.3)."""

from torch import Tensor
from torch.nn import functional as F

SHARE = 0.3  # of a coarse cell's pixels that must be found for the cell to be remembered


def memory_update(found: Tensor, height: int, width: int) -> Tensor:
    """Where the memory looks in the next round: found bool [B, S, S] → bool [B, height·width], row by row.

    A cell of the coarser grid counts when more than SHARE of its pixels were found. SEEM hard-codes the last mask as
    the memory's attention mask: modeling/interface/prototype/attention_data_struct_seemv1.py.
    """
    shares = F.adaptive_avg_pool2d(found[:, None].float(), (height, width))  # [B, 1, h, w]
    return (shares > SHARE).flatten(1)
