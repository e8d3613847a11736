"""The study of value loss: Section 5 and Appendix B of the paper."""
