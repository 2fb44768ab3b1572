"""The command `holdfast`: what an operator does beside the browser."""

import json
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click
import flask_migrate
import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from server.accounts import policy, service
from server.app import ROOT, create_app
from server.audit import service as audit
from server.config import BadSettings, Settings
from server.db import db, unit_of_work
from server.doctor import examine
from server.feed import service as feed
from server.feed.verify import Progress, Verification, one_state
from server.feed.verify import verify as verify_feed
from server.outbox import run_worker
from server.problems import Problem

log = structlog.get_logger()
PROGRESS_SECONDS = 5.0


def _version() -> str:
    try:
        return version("holdfast")
    except PackageNotFoundError:
        # Run from a checkout, the package's metadata are only in its source.
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        return str(project["version"])


@contextmanager
def _application() -> Iterator[Flask]:
    """Open the application as the environment describes it; its errors become one line for the operator."""
    try:
        app = create_app()
        with app.app_context():
            yield app
    except BadSettings as bad:
        raise click.ClickException(str(bad)) from bad
    except Problem as problem:
        raise click.ClickException(f"{problem.title}. {problem.detail}") from problem
    except SQLAlchemyError as failed:
        kind = type(failed.__cause__ or failed).__name__
        said = f"The database cannot do this ({kind}); run `holdfast doctor`."
        raise click.ClickException(said) from failed


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(_version(), prog_name="holdfast")
def main() -> None:
    """Run and look after a Holdfast server. Settings come from HOLDFAST_* in the environment."""


@main.group()
def admin() -> None:
    """Look after accounts; each change goes into the audit log as done by the system."""


@admin.command("create-user")
@click.argument("username")
@click.option("--name", "display_name", required=True, help="Name that others see.")
@click.option("--role", type=click.Choice(policy.ROLES), required=True)
@click.option("--star", help="Star number; an officer needs one.")
@click.option("--district", help="Three digits, such as 010; an officer and a desk need one.")
@click.option("--grant", "grants", multiple=True, type=click.Choice(policy.GRANTS), help="May be given twice.")
def create_user(
    username: str, display_name: str, role: str, star: str | None, district: str | None, grants: tuple[str, ...]
) -> None:
    """Create an account and print its one-time password."""
    with _application(), unit_of_work(None) as uow:
        user, password = service.create_user(
            uow, username=username, display_name=display_name, role=role, star=star, district=district, grants=grants
        )
    _print_password(user.username, password)


@admin.command("reset-password")
@click.argument("username")
def reset_password(username: str) -> None:
    """Give an account a new one-time password, print it, and end the account's sessions."""
    with _application(), unit_of_work(None) as uow:
        user = service.find_by_name(uow.session, username)
        password = service.reset_password(uow, user.id)
    _print_password(user.username, password)


@admin.command()
@click.argument("username")
def suspend(username: str) -> None:
    """Shut an account out as of its next request."""
    with _application(), unit_of_work(None) as uow:
        user = service.suspend(uow, service.find_by_name(uow.session, username).id)
    click.echo(f"{user.username} is suspended.")


@admin.command()
@click.argument("username")
def reactivate(username: str) -> None:
    """Let a suspended account sign in again."""
    with _application(), unit_of_work(None) as uow:
        user = service.reactivate(uow, service.find_by_name(uow.session, username).id)
    click.echo(f"{user.username} is active.")


@admin.command("list-users")
def list_users() -> None:
    """List all accounts: user name, role, star, district, grants, state, name."""
    with _application():
        for user in service.list_users(db.session()):
            state = "active" if user.active else "suspended"
            grants = ",".join(user.grants) or "-"
            row = (user.username, user.role, user.star or "-", user.district or "-", grants, state, user.display_name)
            click.echo("\t".join(row))


@main.group("db")
def database() -> None:
    """Look after the database's schema."""


@database.command()
def upgrade() -> None:
    """Bring the schema to what this version needs; does nothing where it is already there."""
    with _application():
        flask_migrate.upgrade()
    click.echo("The schema is at head.")


@main.command()
def worker() -> None:
    """Work the outbox until SIGTERM or SIGINT: deliver holds, try again what failed."""
    with _application() as app:
        run_worker(app)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
@click.option(
    "--former-key",
    "former_keys",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Key file with which the server signed before; may be given twice.",
)
def verify(as_json: bool, former_keys: tuple[Path, ...]) -> None:
    """Check audit chain, receipt log, stored ops and reports, and name the first byte that does not fit.

    Exit 0 where all fits, 1 where something does not, 2 where it could not run. The server may go on meanwhile.
    """
    try:
        with _application(), one_state(db.session()) as session:
            chain = audit.verify(session)
            found = verify_feed(session, progress=_progress(), former_keys=former_keys)
    except Exception as failed:
        if not isinstance(failed, click.ClickException):
            log.error("verify_failed", error=type(failed).__name__, exc_info=failed)
        said = getattr(
            failed, "message", f"The walk ended with an error ({type(failed).__name__}), not with a finding."
        )
        raise _CouldNotRun(said) from failed
    if as_json:
        click.echo(json.dumps({"fits": chain.ok and found.ok, "audit": asdict(chain), "feed": found.as_json()}))
    else:
        _print_verification(chain, found)
    sys.exit(0 if chain.ok and found.ok else 1)


class _CouldNotRun(click.ClickException):
    """Neither found something nor found nothing."""

    exit_code = 2


def _progress() -> Progress:
    """Return what says on stderr, every few seconds, how far a long walk has come."""
    told = time.monotonic()

    def tell(what: str, done: int, of: int) -> None:
        nonlocal told
        if time.monotonic() - told >= PROGRESS_SECONDS:
            told = time.monotonic()
            click.echo(f"{what}: {done} of {of}", err=True)

    return tell


def _print_verification(chain: audit.Verification, found: Verification) -> None:
    if chain.ok:
        click.echo(f"ok    audit  {chain.events} events fit; the last has the hash {chain.head}")
    else:
        click.echo(f"FAIL  audit  event {chain.first_bad}: {chain.problem}")
    if found.ok:
        counts = f"ops {found.ops}, statements {found.statements}, reports {found.reports}: all fit"
        click.echo(f"ok    feed   {counts}; the last statement has the hash {found.head}")
    else:
        click.echo(f"FAIL  feed   {found.misfit}")
    for said in found.remarks.said:
        click.echo(f"note  feed   {said}")
    if found.remarks.count > len(found.remarks.said):
        click.echo(f"note  feed   and {found.remarks.count - len(found.remarks.said)} more of these")


@main.command()
def rejudge() -> None:
    """Judge quarantined ops again that a mended rule or a new form may lift; run it after each update."""
    with _application():
        lifted = feed.rejudge()
    click.echo(f"{lifted} {'op is' if lifted == 1 else 'ops are'} no longer quarantined")


@main.command()
def restored() -> None:
    """Begin a new epoch; run it after a database was restored from a backup, before the server starts.

    Every phone and desk then takes its copies anew, and the phones deliver again what the backup did not hold.
    """
    with _application(), unit_of_work(None) as uow:
        epoch = feed.begin_epoch(uow, "told by the operator")
    click.echo(f"A new epoch has begun: {epoch}. Nothing else is to be done; the phones come back by themselves.")


@main.command()
@click.argument("path", type=click.Path(dir_okay=False, writable=True, path_type=Path))
def openapi(path: Path) -> None:
    """Write the description of the API to PATH. Needs no settings and no database."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            mode="test",
            secret_key="not used: nothing is signed while the description is written",  # noqa: S106
            database_url="sqlite://",
            signing_key_file=Path(folder) / "server.pem",
        )
        found = create_app(settings).test_client().get("/api/openapi.json")
    try:
        path.write_text(json.dumps(found.get_json(), indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    except OSError as failed:
        raise click.ClickException(f"{path} cannot be written: {failed.strerror}.") from failed


@main.command()
def doctor() -> None:
    """Check settings, database, schema, folders and neighbours: a line each; exit 1 where something fails."""
    findings = list(examine())
    for each in findings:
        click.echo(f"{'ok  ' if each.ok else 'FAIL'}  {each.name:<11}  {each.said}")
    sys.exit(0 if all(each.ok for each in findings) else 1)


def _print_password(username: str, password: str) -> None:
    click.echo(f"One-time password of {username} (shown once, to be changed after signing in):")
    click.echo(password)


if __name__ == "__main__":
    main()
