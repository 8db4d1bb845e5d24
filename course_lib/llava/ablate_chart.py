"""The ablations as a picture: for each variant a dot, the mean over its seeds, on a line from the worst seed to the best."""

from collections.abc import Sequence

from course_lib import show
from course_lib.figures import Figure


def chart(figures: Sequence[Figure]) -> None:
    """Variants below one another, those of one ablation together."""
    from matplotlib import pyplot

    canvas, axes = pyplot.subplots(figsize=(7, 0.8 + 0.27 * len(figures)), layout="constrained")
    names, places, place = [], [], 0.0
    for number, figure in enumerate(figures):
        of, name = parts(figure)
        new = number == 0 or of != parts(figures[number - 1])[0]
        place += 1.6 if new else 1.0  # some air between two ablations
        axes.plot([figure.low, figure.high], [place, place], color="#9aa7c7", linewidth=4, solid_capstyle="round")
        axes.plot(figure.value, place, marker="o", color="#1f3b73")
        names.append(f"{of}: {name}" if new else name)
        places.append(place)
    axes.set_yticks(places, names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("share of questions answered right")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    show.show_figure(canvas, f"Mean accuracy of each variant: {in_words(figures)}.")


def parts(figure: Figure) -> tuple[str, str]:
    """("rank", "r16") of "llava.ablation.rank.r16", as words."""
    of, name = figure.id.split(".")[-2:]
    return of, name.replace("_", " ")


def in_words(figures: Sequence[Figure]) -> str:
    """Every variant with its mean."""
    return ", ".join(f"{' '.join(parts(figure))} {100 * figure.value:.0f} percent" for figure in figures)
