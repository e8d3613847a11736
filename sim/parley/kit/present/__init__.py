"""Tables, pages, pictures, and the folders of runs."""
