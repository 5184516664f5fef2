"""One file for each way to get an answer. The only room where a provider's SDK may be imported."""
