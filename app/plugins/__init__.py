"""What a plug-in imports: the base classes, the option types, what to return and the errors to raise."""

from app.domain.dataset import Kind
from app.domain.errors import Cancelled, EmptyResult, InvalidInput, SourceError
from app.plugins.accepts import Accepts, Needs
from app.plugins.context import Answer, Batch, CaptureRun, Database, Run, Source, SourceFile, Web, WorkerContext
from app.plugins.datasource import ITEM_COLUMNS, DataSource
from app.plugins.family import Brought, FamilyRun, Reading
from app.plugins.options import (
    Annotation,
    Choice,
    Choices,
    Column,
    Columns,
    Dataset,
    DateRange,
    File,
    NoOptions,
    Number,
    Period,
    Secret,
    Text,
    Toggle,
)
from app.plugins.processor import Example, Given, Preset, Processor, Step
from app.plugins.results import Chart, Files, Graph, Page, SameTable, Table
from app.plugins.source_settings import settings_of, source_settings
from app.plugins.worker import Standing, Worker

__all__ = [
    "ITEM_COLUMNS",
    "Accepts",
    "Annotation",
    "Answer",
    "Batch",
    "Brought",
    "Cancelled",
    "CaptureRun",
    "Chart",
    "Choice",
    "Choices",
    "Column",
    "Columns",
    "DataSource",
    "Database",
    "Dataset",
    "DateRange",
    "EmptyResult",
    "Example",
    "FamilyRun",
    "File",
    "Files",
    "Given",
    "Graph",
    "InvalidInput",
    "Kind",
    "Needs",
    "NoOptions",
    "Number",
    "Page",
    "Period",
    "Preset",
    "Processor",
    "Reading",
    "Run",
    "SameTable",
    "Secret",
    "Source",
    "SourceError",
    "SourceFile",
    "Standing",
    "Step",
    "Table",
    "Text",
    "Toggle",
    "Web",
    "Worker",
    "WorkerContext",
    "settings_of",
    "source_settings",
]
