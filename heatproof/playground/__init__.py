"""Networks for the report's live page: as data that its engine, plain JavaScript, can run."""
