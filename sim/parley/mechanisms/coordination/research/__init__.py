"""Beyond the paper: divisible and weighted tasks, announcements at once, costs that have to be learned."""
