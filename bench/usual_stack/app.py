"""Points behind FastAPI, Pydantic and the SQLAlchemy ORM. Runs in an environment of its own."""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import DateTime, Index, create_engine, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

engine = create_engine(os.environ["USUAL_STACK_DATABASE"])
sessions = sessionmaker(engine)
app = FastAPI()


class Base(DeclarativeBase):
    pass


class DataPoint(Base):
    __tablename__ = "data_points"
    __table_args__ = (Index("data_points_by_time", "dataset_id", "timestamp"), {"schema": "usual"})

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    dataset_id: Mapped[UUID]
    timestamp: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    value: Mapped[dict[str, Any]] = mapped_column(JSONB)
    meta: Mapped[dict[str, Any] | None] = mapped_column("metadata", JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=func.now())


class PointIn(BaseModel):
    timestamp: datetime
    value: dict[str, float]
    metadata: dict[str, Any] | None = None


class PointOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    timestamp: datetime
    value: dict[str, float]
    metadata: dict[str, Any] | None = Field(validation_alias="meta")


def session() -> Iterator[Session]:
    with sessions() as one:
        yield one


Database = Annotated[Session, Depends(session)]


@app.get("/health")
def health() -> str:
    return "ok"


@app.post("/datasets/{dataset_id}/data")
def write(dataset_id: UUID, points: list[PointIn], database: Database) -> dict[str, int]:
    database.add_all(
        DataPoint(
            dataset_id=dataset_id, timestamp=one.timestamp, value=one.value, meta=one.metadata
        )
        for one in points
    )
    database.commit()
    return {"inserted": len(points)}


@app.get("/datasets/{dataset_id}/data", response_model=list[PointOut])
def read(dataset_id: UUID, database: Database, limit: int = 1000) -> Any:
    rows = select(DataPoint).where(DataPoint.dataset_id == dataset_id)
    return database.scalars(rows.order_by(DataPoint.timestamp).limit(limit)).all()
