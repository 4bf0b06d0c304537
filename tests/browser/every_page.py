"""Every page of the site: its address, who sees it, with what status; for tests and for pictures.

Rules:
- A new page is added here; then `test_every_page.py` looks at it, and `make screenshots` shows it.
- Addresses name rows as `{market}` or `{account_id}`; `look_up` says which they are.
- What only a broken, closed or empty exchange shows is answered by the exchange's own code in the process of
  a management command, and put in the browser's way at an address that nobody has: styles and scripts of
  such a page are the running exchange's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple

from playwright.sync_api import BrowserContext, Route

Who = Literal["", "trader", "newcomer", "operator"]


class SitePage(NamedTuple):
    """A page; `made` is an expression in SCRIPT that answers it, where no address leads to it."""

    name: str
    path: str
    who: Who = ""
    status: int = 200
    made: str = ""


MARKET: Final = (
    SitePage("market-visitor", "/markets/{market}/"),
    SitePage("market", "/markets/{market}/", "trader"),
    SitePage("market-newcomer", "/markets/{market}/", "newcomer"),
)
DOORS: Final = (
    SitePage("log-in", "/login/"),
    SitePage("sign-up", "/signup/"),
    SitePage("sign-up-closed", "/only-made/sign-up-closed/", made="ask('/signup/', SIGN_UP=False)"),
    SitePage("password-reset", "/password/reset/"),
    SitePage("password-reset-sent", "/password/reset/sent/"),
    SitePage("password-reset-new", "/password/reset/{reset}/"),
    SitePage("password-reset-link-used", "/password/reset/1-used-up/"),
    SitePage("password-reset-done", "/password/reset/done/"),
    SitePage("confirm-mail", "/confirm-email/"),
    SitePage("confirm-mail-link-used", "/confirm-email/used-up/"),
    SitePage("log-in-inactive", "/login/inactive/"),
    SitePage("problems", "/api/docs/problems"),
)
ACCOUNT: Final = (
    SitePage("account", "/account/", "trader"),
    SitePage("account-newcomer", "/account/", "newcomer"),
    SitePage("statement", "/account/statement/", "trader"),
    SitePage("statement-filter-refused", "/account/statement/?kind=bribe", "trader"),
    SitePage("api-keys", "/account/api-keys/", "trader"),
    SitePage("faults", "/account/api-keys/{key_id}/faults/", "trader"),
    SitePage("security", "/account/security/", "trader"),
    SitePage("sessions", "/account/sessions/", "trader"),
    SitePage("password", "/account/password/", "trader"),
    SitePage("mail", "/account/email/", "trader"),
    SitePage("second-factor", "/account/second-factor/", "trader"),
    SitePage("confirm-it-is-you", "/account/confirm/", "trader"),
    SitePage("no-account", "/account/", "operator", status=404),
)
ERRORS: Final = (
    SitePage("not-found", "/nowhere/", status=404),
    SitePage("no-such-market", "/markets/NOPE-USD/", status=404),
    SitePage("forbidden", "/admin/", "trader", status=403),
    SitePage("form-too-old", "/only-made/form-too-old/", status=403, made="csrf_failure(asked())"),
    SitePage("too-many", "/only-made/too-many/", status=429, made="too_many_requests(asked())"),
    SitePage(
        "bad-request", "/only-made/bad/", status=400, made="bad_request(asked(), ValueError())"
    ),
    SitePage("defect", "/only-made/defect/", status=500, made="server_error(asked())"),
    SitePage("database-away", "/only-made/away/", status=503, made="database_away(asked())"),
    SitePage(
        "maintenance", "/only-made/maintenance/", status=503, made="ask('/', MAINTENANCE=True)"
    ),
    SitePage("empty-exchange", "/only-made/empty/", made="empty_exchange()"),
)
ADMIN: Final = (
    SitePage("admin", "/admin/", "operator"),
    SitePage("admin-halt-all", "/admin/markets/market/halt-all/", "operator"),
    SitePage("admin-markets", "/admin/markets/market/", "operator"),
    SitePage("admin-new-market", "/admin/markets/market/add/", "operator"),
    SitePage("admin-market", "/admin/markets/market/{market_id}/change/", "operator"),
    SitePage(
        "admin-auction", "/admin/markets/market/status/auction/?market={market_id}", "operator"
    ),
    SitePage("admin-accounts", "/admin/markets/account/", "operator"),
    SitePage("admin-new-account", "/admin/markets/account/add/", "operator"),
    SitePage("admin-account", "/admin/markets/account/{account_id}/change/", "operator"),
    SitePage("admin-freeze", "/admin/markets/account/{account_id}/freeze/", "operator"),
    SitePage("admin-audit", "/admin/markets/account/{account_id}/audit/", "operator"),
    SitePage("admin-deposit", "/admin/markets/account/{account_id}/transfer/deposit/", "operator"),
    SitePage("admin-cancel-all", "/admin/markets/account/{account_id}/cancel-all/", "operator"),
    SitePage("admin-orders", "/admin/markets/order/", "operator"),
    SitePage("admin-order-search", "/admin/markets/order/?q={trader}", "operator"),
    SitePage("admin-order", "/admin/markets/order/{order_id}/change/", "operator"),
    SitePage("admin-trades", "/admin/markets/trade/", "operator"),
    SitePage("admin-transfers", "/admin/markets/transfer/", "operator"),
    SitePage("admin-batches", "/admin/markets/batch/", "operator"),
    SitePage("admin-commands", "/admin/markets/operatorcommand/", "operator"),
    SitePage("admin-keys", "/admin/markets/apikey/", "operator"),
    SitePage("admin-key", "/admin/markets/apikey/{key_id}/change/", "operator"),
    SitePage("admin-faults", "/admin/markets/apikey/{key_id}/faults/", "operator"),
    SitePage("admin-new-key", "/admin/markets/account/{account_id}/api-key/", "operator"),
    SitePage("admin-assets", "/admin/markets/asset/", "operator"),
    SitePage("admin-fee-tiers", "/admin/markets/feetier/", "operator"),
    SitePage("admin-new-fee-tier", "/admin/markets/feetier/add/", "operator"),
    SitePage("admin-schedules", "/admin/markets/marketschedule/", "operator"),
    SitePage("admin-new-schedule", "/admin/markets/marketschedule/add/", "operator"),
    SitePage("admin-second-factors", "/admin/mfa/authenticator/", "operator"),
    SitePage("admin-sessions", "/admin/usersessions/usersession/", "operator"),
    SitePage("admin-mail-addresses", "/admin/account/emailaddress/", "operator"),
    SitePage("admin-users", "/admin/auth/user/", "operator"),
    SitePage("admin-new-user", "/admin/auth/user/add/", "operator"),
    SitePage("admin-password", "/admin/password_change/", "operator"),
    SitePage("admin-log", "/admin/admin/logentry/", "operator"),
)
EVERY_PAGE: Final = MARKET + DOORS + ACCOUNT + ERRORS + ADMIN

SCRIPT: Final = """
import json
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.shortcuts import render
from django.test import Client, RequestFactory, override_settings
from markets import maintenance
from markets.error_pages import *
from markets.models import Account, Market, Order

def asked():
    request = RequestFactory().get("/", headers={{"accept": "text/html"}})
    request.user = AnonymousUser()
    return request

def ask(path, **changed):
    maintenance.look_again()
    with override_settings(**changed):
        answer = Client(headers={{"accept": "text/html"}}).get(path, SERVER_NAME=settings.ALLOWED_HOSTS[0])
    maintenance.look_again()
    return answer

def empty_exchange():
    return render(asked(), "markets/no_market.html", {{"sign_up_is_open": True}})

market = Market.objects.get(symbol={market!r})
account = Account.objects.get(name={trader!r})
print(json.dumps({{
    "names": {{
        "market": market.symbol,
        "market_id": market.pk,
        "trader": account.name,
        "account_id": account.pk,
        "key_id": account.api_keys.earliest("pk").pk,
        "order_id": Order.objects.filter(account=account).latest("pk").pk,
        "reset": user_pk_to_url_str(account.user) + "-" + default_token_generator.make_token(account.user),
    }},
    "made": {{path: eval(made).content.decode() for path, made in {made!r}.items()}},
}}))
"""


class Addresses(NamedTuple):
    """Where the pages of one exchange are."""

    names: Mapping[str, Any]
    made: Mapping[str, str]
    """The pages that no address leads to, by path."""

    def of(self, page: SitePage) -> str:
        """A page's path."""
        return page.path.format(**self.names)

    def put_in_the_way_of(self, context: BrowserContext, url: str) -> None:
        """Let a browser find what no address leads to."""
        statuses = {page.path: page.status for page in EVERY_PAGE if page.made}

        def answer(route: Route) -> None:
            path = route.request.url.removeprefix(url)
            route.fulfill(status=statuses[path], body=self.made[path], content_type="text/html")

        context.route(f"{url}/only-made/**", answer)


def look_up(manage: Callable[..., str], *, market: str, trader: str) -> Addresses:
    """What the pages show: a market, and an account that has placed an order."""
    made = {page.path: page.made for page in EVERY_PAGE if page.made}
    script = SCRIPT.format(market=market, trader=trader, made=made)
    return Addresses(**json.loads(manage("shell", "--verbosity=0", "-c", script)))
