"""One run of data generation: plan, budget, journal, shards, data set."""
