from support.admin import dialogs, master, survey, ticket

__all__ = ["dialogs", "master", "survey", "ticket"]
