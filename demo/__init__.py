"""A whole market in one command: real data, real processes, every step printed. No part of the product."""
