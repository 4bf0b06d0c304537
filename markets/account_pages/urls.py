"""Addresses of the account's pages, under /account/."""

from django.urls import path

from markets.account_pages import keys, overview, statement

urlpatterns = [
    path("", overview.overview, name="account"),
    path("faucet/", overview.faucet, name="faucet"),
    path("statement/", statement.statement_page, name="statement"),
    path("statement.csv", statement.statement_file, name="statement_file"),
    path("api-keys/", keys.keys_page, name="api_keys"),
    path("api-keys/<int:key>/revoke/", keys.revoke_key, name="revoke_key"),
]
