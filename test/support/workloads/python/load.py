"""One workload in a process of its own: load.py LOAD HOST PORT USER PASSWORD DATABASE BOUND"""
import sys
import time

ITEM_COUNT = 200


def rounds(bound):
    """0, 1, 2... until the bound is reached; at least once."""
    unit, amount = bound.split("=")
    end = time.monotonic() + float(amount)
    index = 0
    while index == 0 or (index < int(amount) if unit == "rounds" else time.monotonic() < end):
        yield index
        index += 1


def pymysql_text(server, bound):
    import pymysql

    try:
        pymysql.connect(**{**server, "password": "wrong"})
    except pymysql.err.OperationalError:
        pass
    connection = pymysql.connect(**server, charset="utf8mb4", autocommit=False)
    cursor = connection.cursor()
    for index in rounds(bound):
        item = index % ITEM_COUNT + 1
        cursor.execute("SELECT id, name, price FROM items WHERE id = %s", (item,))
        cursor.execute("INSERT INTO notes (item, body) VALUES (%s, %s)", (item, f"it's\n数 {index}"))
        cursor.executemany("INSERT INTO notes (item, body) VALUES (%s, %s)", [(item, None), (item, "many")])
        connection.commit()
    connection.close()


def psycopg_mixed(server, bound):
    """Server-side parameters (binary where psycopg likes), statements it prepares by itself, pipeline mode, COPY."""
    import psycopg

    arguments = {"host": server["host"], "port": server["port"], "user": server["user"], "dbname": server["database"]}
    try:
        psycopg.connect(**arguments, password="wrong", sslmode="disable")
    except psycopg.OperationalError:
        pass
    connection = psycopg.connect(**arguments, password=server["password"], sslmode="disable", autocommit=True)
    cursor = connection.cursor()
    for index in rounds(bound):
        item = index % ITEM_COUNT + 1
        cursor.execute("SELECT id, name, price FROM items WHERE id = %s", (item,))
        cursor.execute("SELECT name FROM items WHERE id = %s", (item,), binary=True)
        with connection.pipeline():
            for offset in range(5):
                cursor.execute("INSERT INTO notes (item, body, ratio) VALUES (%s, %s, %s)", (offset, "it's", index / 4))
            cursor.execute("SELECT 1")
        if index % 10 == 0:
            with cursor.copy("COPY notes (item, body) FROM STDIN") as copy:
                copy.write_row((item, "copied"))
                copy.write_row((item, None))
    connection.close()


LOADS = {"pymysql": pymysql_text, "psycopg": psycopg_mixed}

name, host, port, user, password, database, bound = sys.argv[1:]
LOADS[name]({"host": host, "port": int(port), "user": user, "password": password, "database": database}, bound)
