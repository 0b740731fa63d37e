"""Amazon SageMaker: which parts make the room."""

from __future__ import annotations

from mlsystem.engine.contract import House, Room
from mlsystem.engine.dataplane.keeper import DoorKeeper
from mlsystem.engine.runtime.workload import Machinery
from mlsystem.engine.services.sagemaker.capture_shipper import CaptureShipper
from mlsystem.engine.services.sagemaker.endpoint_configs import EndpointConfigs
from mlsystem.engine.services.sagemaker.endpoint_machine import EndpointMachine
from mlsystem.engine.services.sagemaker.endpoints import Endpoints
from mlsystem.engine.services.sagemaker.experiment_components import TrialComponents
from mlsystem.engine.services.sagemaker.experiments import Experiments, Trials
from mlsystem.engine.services.sagemaker.instance_actions import InstanceActions
from mlsystem.engine.services.sagemaker.job import JobMachine, ProcessingJob, TrainingJob
from mlsystem.engine.services.sagemaker.job_actions import JobActions
from mlsystem.engine.services.sagemaker.job_kind import Processing, Training
from mlsystem.engine.services.sagemaker.model_package_groups import ModelPackageGroups
from mlsystem.engine.services.sagemaker.model_packages import ModelPackages
from mlsystem.engine.services.sagemaker.models import Models
from mlsystem.engine.services.sagemaker.monitoring_definitions import (
    DataQualityJobDefinitions,
    ModelQualityJobDefinitions,
)
from mlsystem.engine.services.sagemaker.monitoring_executions import MonitoringExecutions
from mlsystem.engine.services.sagemaker.monitoring_schedule import MonitoringScheduleMachine
from mlsystem.engine.services.sagemaker.monitoring_schedules import MonitoringSchedules
from mlsystem.engine.services.sagemaker.permissions import PERMISSIONS
from mlsystem.engine.services.sagemaker.processing_jobs import ProcessingJobs
from mlsystem.engine.services.sagemaker.project import ProjectMachine
from mlsystem.engine.services.sagemaker.projects import Projects
from mlsystem.engine.services.sagemaker.search import Search
from mlsystem.engine.services.sagemaker.tags import TagOperations
from mlsystem.engine.services.sagemaker.training_jobs import TrainingJobs
from mlsystem.engine.services.sagemaker.transform_actions import TransformActions
from mlsystem.engine.services.sagemaker.transform_job import TransformMachine
from mlsystem.engine.services.sagemaker.transform_jobs import TransformJobs
from mlsystem.engine.services.sagemaker.utilization import Utilization


def open_room(house: House, machinery: Machinery, keeper: DoorKeeper) -> Room:
    training, processing = JobMachine(TrainingJob), JobMachine(ProcessingJob)
    transform, monitoring = TransformMachine(), MonitoringScheduleMachine()
    return Room(
        "sagemaker",
        [
            TrainingJobs(house, training),
            JobActions(house, machinery, training, Training()),
            ProcessingJobs(house, processing),
            JobActions(house, machinery, processing, Processing()),
            TransformJobs(house, transform),
            TransformActions(house, machinery, transform),
            Models(house),
            ModelPackageGroups(house),
            ModelPackages(house),
            EndpointConfigs(house),
            Endpoints(house, EndpointMachine()),
            InstanceActions(house, machinery, keeper),
            CaptureShipper(house, keeper.plane),
            Utilization(house, machinery),
            Experiments(house),
            Trials(house),
            TrialComponents(house),
            Search(house),
            DataQualityJobDefinitions(house),
            ModelQualityJobDefinitions(house),
            MonitoringSchedules(house, monitoring),
            MonitoringExecutions(house, monitoring, processing),
            Projects(house, ProjectMachine()),
            TagOperations(),
        ],
        PERMISSIONS,
    )
