from support.admin import master, survey, ticket

__all__ = ["master", "survey", "ticket"]
