"""When does Airflow publish the studies? On the first of each month, for the month that ended.

Put this file into Airflow's folder of DAGs; kamlab is installed in an environment of its own. A
missed month is back-filled by Airflow (`catchup`), and a run that is repeated replaces itself. Data
that is refused (exit code 3) may come late: it is tried again each hour.
"""

from datetime import datetime, timedelta, timezone

from airflow import DAG

try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:  # Airflow 2
    from airflow.operators.bash import BashOperator

KAMLAB = "/srv/kamlab/.venv/bin/kamlab"

with DAG(
    dag_id="kamlab",
    description="Publish the studies of key accounts",
    schedule="30 4 1 * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=True,
    max_active_runs=1,  # one run a folder
    default_args={"retries": 6, "retry_delay": timedelta(hours=1)},
    tags=["kamlab"],
) as dag:
    publish = BashOperator(
        task_id="publish",
        bash_command=(
            f'{KAMLAB} run --all --data "$DATA" --out "$OUT" '
            # the day of the run, whether Airflow counts an interval up to it (2) or none (3)
            "--period last-month --today {{ data_interval_end.strftime('%Y-%m-%d') }} --log json"
        ),
        env={"DATA": "/srv/sales", "OUT": "/srv/reports"},
        append_env=True,
        execution_timeout=timedelta(hours=4),
    )
    prune = BashOperator(
        task_id="prune",
        bash_command=f'{KAMLAB} prune "$OUT" --keep 36',
        env={"OUT": "/srv/reports"},
        append_env=True,
    )
    publish >> prune
