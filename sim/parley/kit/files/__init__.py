"""What files may say, from the keys that mechanisms declare: JSON Schemas, templates, ready examples."""
