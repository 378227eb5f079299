"""The pages, one file per visitor or resource. They work without JavaScript, Chinese first."""
