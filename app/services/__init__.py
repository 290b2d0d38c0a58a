"""What a user can do, one file per noun: permission, rule, transaction. Pages, API and runner all go through here."""
