"""Templates of the questions that we ask a model, one file a question, each with a version. How to change one: README.md."""
