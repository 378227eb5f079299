-- The databases of docker-compose.yml, made at PostgreSQL's first start: for each city one for its hub, one for its Airflow.
CREATE DATABASE zhengzhou;
CREATE DATABASE zhengzhou_airflow;
CREATE DATABASE luoyang;
CREATE DATABASE luoyang_airflow;
