"""Fair team contracts: whom to hire and at what shares, so that all work and nobody envies anybody."""
