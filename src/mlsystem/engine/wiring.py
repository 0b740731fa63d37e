"""Wires the engine: the one file that knows every room. Nothing begins here."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from mlsystem.engine.contract import House, Room
from mlsystem.engine.dataplane.dataplane import DataPlane
from mlsystem.engine.dataplane.keeper import DoorKeeper
from mlsystem.engine.dataplane.state import Door
from mlsystem.engine.durable.worker import Worker
from mlsystem.engine.front.audit import AuditTrail
from mlsystem.engine.front.dispatch import Dispatcher
from mlsystem.engine.front.guard import Guard
from mlsystem.engine.front.invokers import Invokers
from mlsystem.engine.runtime.choice import choose
from mlsystem.engine.runtime.credentials import WorkloadCredentials
from mlsystem.engine.runtime.exits import ExitBoard
from mlsystem.engine.runtime.images import ImageStore
from mlsystem.engine.runtime.machine import Machine
from mlsystem.engine.runtime.runner import ProcessRunner
from mlsystem.engine.runtime.workload import Machinery
from mlsystem.engine.services.apigateway import room as apigateway
from mlsystem.engine.services.application_autoscaling import room as application_autoscaling
from mlsystem.engine.services.cloudformation import room as cloudformation
from mlsystem.engine.services.cloudwatch import room as cloudwatch
from mlsystem.engine.services.codebuild import room as codebuild
from mlsystem.engine.services.codecommit import room as codecommit
from mlsystem.engine.services.codedeploy import room as codedeploy
from mlsystem.engine.services.codepipeline import room as codepipeline
from mlsystem.engine.services.ec2 import room as ec2
from mlsystem.engine.services.ecr import room as ecr
from mlsystem.engine.services.efs import room as efs
from mlsystem.engine.services.events import room as events
from mlsystem.engine.services.iam import room as iam
from mlsystem.engine.services.iam.role import Role
from mlsystem.engine.services.iam.role_book import RoleBook
from mlsystem.engine.services.kms import room as kms
from mlsystem.engine.services.lambda_ import room as lambda_
from mlsystem.engine.services.logs import room as logs
from mlsystem.engine.services.s3 import room as s3
from mlsystem.engine.services.sagemaker import room as sagemaker
from mlsystem.engine.services.sagemaker_runtime import room as sagemaker_runtime
from mlsystem.engine.services.scheduler import room as scheduler
from mlsystem.engine.services.secretsmanager import room as secretsmanager
from mlsystem.engine.services.servicecatalog import room as servicecatalog
from mlsystem.engine.services.sns import room as sns
from mlsystem.engine.services.stepfunctions import room as stepfunctions
from mlsystem.engine.services.sts import room as sts
from mlsystem.engine.settings import Settings
from mlsystem.engine.store.clock import Clock
from mlsystem.engine.store.database import Database
from mlsystem.engine.store.folder import DataFolder
from mlsystem.engine.store.keys import KeyRing

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Equipment:
    """What rooms share beside the house: each is handed what it needs."""

    keys: KeyRing
    machine: Machine
    runner: ProcessRunner
    exits: ExitBoard
    images: ImageStore
    plane: DataPlane


@dataclass(frozen=True)
class Wired:
    """All rooms, and what they hang on; nothing of it has begun."""

    house: House
    rooms: tuple[Room, ...]
    keeper: DoorKeeper
    dispatcher: Dispatcher
    credentials: WorkloadCredentials
    audit: AuditTrail


def equip(folder: DataFolder, runtime: str, database: Database, stack: ExitStack) -> Equipment:
    machine = choose(runtime, folder.processes)
    log.info("%s", machine.sentence)
    if machine.docker is not None:
        folder.docker.write_text(str(machine.docker.socket))
    runner = ProcessRunner(folder.processes, machine, hidden=(folder.root,))
    stack.callback(runner.close)
    exits = ExitBoard()
    runner.watch(exits.report)
    return Equipment(KeyRing(database), machine, runner, exits, ImageStore(folder.images), DataPlane(folder.door))


def wire(
    settings: Settings,
    folder: DataFolder,
    database: Database,
    clock: Clock,
    door: Door,
    url: str,
    equipment: Equipment,
    stack: ExitStack,
) -> Wired:
    roles = RoleBook()
    keeper = _keeper(folder, database, equipment.plane, door, roles)
    worker = Worker(database, clock)
    audit = AuditTrail(folder.root, door.scope)
    stack.callback(audit.close)
    dispatcher = Dispatcher(database, door.scope, Guard(door.scope, roles), audit)
    house = House(door.scope, clock, database, worker, folder, dispatcher, url, dispatcher.demand)
    credentials = WorkloadCredentials(house, equipment.keys, equipment.runner, settings.workload_key_seconds)
    rooms = _rooms(house, equipment, keeper, credentials)
    dispatcher.open(rooms)
    for room in rooms:
        room.register(worker)
    return Wired(house, rooms, keeper, dispatcher, credentials, audit)


def _keeper(folder: DataFolder, database: Database, plane: DataPlane, door: Door, roles: RoleBook) -> DoorKeeper:
    """The keeper, whose doors of workloads follow the policies of their roles."""
    keeper = DoorKeeper(plane, door, database)
    keeper.workloads_from(Invokers(door.scope, roles, folder).doors)
    database.follow(Role, keeper.refresh)
    return keeper


def _rooms(
    house: House, equipment: Equipment, keeper: DoorKeeper, credentials: WorkloadCredentials
) -> tuple[Room, ...]:
    machinery = Machinery(equipment.runner, equipment.exits, equipment.images, credentials)
    return (
        sns.open_room(house),
        stepfunctions.open_room(house),
        sts.open_room(house, equipment.keys),
        apigateway.open_room(house, keeper),
        cloudformation.open_room(house, equipment.keys),
        application_autoscaling.open_room(house),
        cloudwatch.open_room(house),
        codebuild.open_room(house, machinery),
        codecommit.open_room(house, equipment.keys),
        codedeploy.open_room(house),
        codepipeline.open_room(house),
        ecr.open_room(house, equipment.images),
        events.open_room(house),
        ec2.open_room(house),
        efs.open_room(house),
        iam.open_room(house),
        lambda_.open_room(house, machinery),
        logs.open_room(house),
        s3.open_room(house, equipment.keys),
        kms.open_room(house, equipment.keys),
        scheduler.open_room(house),
        secretsmanager.open_room(house),
        servicecatalog.open_room(house),
        sagemaker.open_room(house, machinery, keeper),
        sagemaker_runtime.open_room(house, equipment.plane),
    )


def control_socket(folder: DataFolder) -> Path:
    return folder.sockets / "control.sock"
