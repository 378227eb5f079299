from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from conftest import HEAD, Rig, rows

from catalog.model import Outcome, QuarantinePage, State
from kernel.actors import system
from kernel.errors import Refused, TongbanError
