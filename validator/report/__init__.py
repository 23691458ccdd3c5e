"""Reports: each format is one function, from verdicts to text."""
