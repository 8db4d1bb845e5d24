"""Masters in, notebooks out: how `solutions/NN_slug.py` becomes what learners open. See CONTRIBUTING.md."""
