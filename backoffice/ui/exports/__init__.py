"""Lists as files: at once where they are short, by a job where they are long."""
