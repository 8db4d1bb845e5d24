"""GLIGEN: a frozen text-to-image model learns to obey boxes (Lesson 10).

Read in this order; each file imports only what stands before it.

    diffusion        the noise schedule, adding noise, the velocity that is predicted
    latents          the latent space, PCA of patches
    grounding        Fourier features of boxes, grounding tokens, learned nulls
    gated_attention  GLIGEN's layer, with gates that begin shut
    model            the generator: diffusers' UNet as the base, and with the gated layers; text states of the frozen CLIP
    layouts          phrases with boxes, and the tensors that the grounding net reads
    vocabulary       which phrases mean something to the model
    sampling         DDIM steps, classifier-free guidance, scheduled sampling
    inpainting       the boxes of a picture painted anew
    detector         the judge, trained apart

`data/` makes scenes, batches and test sets; `train/` trains base, gates, detector and the map for reference pictures;
`evaluate/` measures; `ui/` is the drawing board, `full` the published weights behind it; `exercises/` are the lesson's.
"""
