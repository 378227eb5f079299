-- The databases of docker-compose.yml, made at PostgreSQL's first start. One for each hub, one for Airflow.
CREATE DATABASE zhengzhou;
CREATE DATABASE airflow;
CREATE DATABASE luoyang;
