"""What all imageboard data sources share: tables, scrapers, the search and its language."""
