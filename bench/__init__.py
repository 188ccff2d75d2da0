"""What the exchange costs in time, measured on this machine. Nothing in the product imports this."""
