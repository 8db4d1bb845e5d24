"""Training and asking with several processes and pretrained parts."""
