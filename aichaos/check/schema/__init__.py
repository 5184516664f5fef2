"""What the API server says about the structure of an object: types, unknown fields, required ones, enums, patterns, CEL rules."""
