"""Statements over many values whose text stays the same however many there are.

SQLAlchemy then compiles each once, the driver prepares it once, and a list travels as one parameter instead of
hundreds. A push holds everybody's lock for as long as its statements take, so this is where its speed is decided.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import ARRAY, JSON, Boolean, Select, Table, Text, TypeDecorator, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement


class _Texts(TypeDecorator[list[str]]):
    """A list of texts as one parameter: an array, or JSON where the database knows no arrays."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(ARRAY(Text()) if dialect.name == "postgresql" else JSON())


class among(FunctionElement[bool]):
    """`column` is one of the texts that are given under `name` when the statement runs."""

    type = Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True

    def __init__(self, column: Any, name: str):
        super().__init__(column, bindparam(name, type_=_Texts()))


@compiles(among, "postgresql")
def _any(element: Any, compiler: Any, **given: Any) -> str:
    column, texts = (compiler.process(each, **given) for each in element.clauses)
    return f"{column} = ANY({texts})"


@compiles(among, "sqlite")
def _in(element: Any, compiler: Any, **given: Any) -> str:
    column, texts = (compiler.process(each, **given) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608 - both are what SQLAlchemy wrote


OnConflict = Callable[[Any], Any]


class Rows:
    """Writes rows into some columns of a table, in one statement on PostgreSQL and by one prepared one on SQLite.

    `on_conflict` completes the insert, which knows `on_conflict_…` and `excluded`, for rows that are there already.
    """

    def __init__(self, model: Any, *names: str, on_conflict: OnConflict = lambda insert: insert):
        self._table = cast("Table", model.__table__)
        self._names = names
        self._statement = cache(lambda dialect: on_conflict(self._insert(dialect)))

    def write(self, session: Session, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows, each with a value for every column."""
        if not rows:
            return
        dialect = session.get_bind().dialect.name
        statement = self._statement(dialect)
        if dialect == "postgresql":
            session.execute(statement, {name: [row[name] for row in rows] for name in self._names})
        else:
            session.execute(statement, rows)

    def _insert(self, dialect: str) -> Any:
        if dialect != "postgresql":
            values = {name: bindparam(name, type_=self._table.c[name].type) for name in self._names}
            return sqlite.insert(self._table).values(values)
        return postgresql.insert(self._table).from_select(self._names, self._unnested())

    def _unnested(self) -> Select[Any]:
        arrays = [bindparam(name, type_=ARRAY(self._table.c[name].type)) for name in self._names]
        given = func.unnest(*arrays).table_valued(*self._names, name="given").render_derived()
        return select(*(given.c[name] for name in self._names))
