"""The words of the field: frozen types, enums and errors. Standard library only."""
