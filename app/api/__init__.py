"""The REST API under `/api/v1`: the same Views as the pages, as JSON and CSV."""
