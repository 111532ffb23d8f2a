// One workload in a process of its own: go-load LOAD HOST PORT USER PASSWORD DATABASE BOUND
package main

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
)

const itemCount = 200

type server struct{ host, port, user, password, database string }

func must(err error) {
	if err != nil && err != sql.ErrNoRows && err != pgx.ErrNoRows {
		log.Fatal(err)
	}
}

// repeat calls round with 0, 1, 2... until the bound is reached; at least once.
func repeat(bound string, round func(index int)) {
	unit, amount, _ := strings.Cut(bound, "=")
	limit, err := strconv.ParseFloat(amount, 64)
	must(err)
	end := time.Now().Add(time.Duration(limit * float64(time.Second)))
	for index := 0; index == 0 || (unit == "rounds" && float64(index) < limit) || (unit == "seconds" && time.Now().Before(end)); index++ {
		round(index)
	}
}

func openMysql(s server) *sql.DB {
	db, err := sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(%s:%s)/%s", s.user, s.password, s.host, s.port, s.database))
	must(err)
	db.SetMaxOpenConns(1)
	return db
}

func refuseMysql(s server) {
	s.password = "wrong"
	db := openMysql(s)
	defer db.Close()
	if db.Ping() == nil {
		log.Fatal("a wrong password was accepted")
	}
}

// mysqlStatements executes the same two prepared statements again and again.
func mysqlStatements(s server, bound string) {
	refuseMysql(s)
	db := openMysql(s)
	defer db.Close()
	read, err := db.Prepare("SELECT name FROM items WHERE id=? AND id>?")
	must(err)
	defer read.Close()
	write, err := db.Prepare("UPDATE items SET name=? WHERE id=? AND price<?")
	must(err)
	defer write.Close()
	repeat(bound, func(index int) {
		var name string
		must(read.QueryRow(index%itemCount+1, -index).Scan(&name))
		_, err := write.Exec(fmt.Sprintf("row %d O'Brien", index), -index, 0.5)
		must(err)
	})
}

// mysqlEach prepares, executes and closes for every statement, as database/sql does by itself.
func mysqlEach(s server, bound string) {
	refuseMysql(s)
	db := openMysql(s)
	defer db.Close()
	repeat(bound, func(index int) {
		var name string
		must(db.QueryRow("SELECT name FROM items WHERE id=?", index%itemCount+1).Scan(&name))
		_, err := db.Exec("INSERT INTO notes (item, body) VALUES (?, ?)", index%itemCount, nil)
		must(err)
		must(db.QueryRow("SELECT count(*) FROM items").Scan(new(int)))
	})
}

// pgxLoad: named statements from pgx's cache, batches in one pipeline, COPY in binary.
func pgxLoad(s server, bound string) {
	ctx := context.Background()
	url := "postgres://%s:%s@%s:%s/%s?sslmode=disable"
	if _, err := pgx.Connect(ctx, fmt.Sprintf(url, s.user, "wrong", s.host, s.port, s.database)); err == nil {
		log.Fatal("a wrong password was accepted")
	}
	c, err := pgx.Connect(ctx, fmt.Sprintf(url, s.user, s.password, s.host, s.port, s.database))
	must(err)
	defer c.Close(ctx)
	repeat(bound, func(index int) {
		id := index%itemCount + 1
		var name string
		must(c.QueryRow(ctx, "SELECT name FROM items WHERE id=$1 AND id>$2", id, -index).Scan(&name))
		_, err := c.Exec(ctx, "UPDATE items SET name=$1 WHERE id=$2", fmt.Sprintf("row %d O'Brien", index), -id)
		must(err)
		batch := &pgx.Batch{}
		for n := 0; n < 5; n++ {
			batch.Queue("INSERT INTO notes (item, body, ratio) VALUES ($1, $2, $3)", n, nil, float64(index)/4)
		}
		must(c.SendBatch(ctx, batch).Close())
		if index%10 == 0 {
			_, err = c.CopyFrom(ctx, pgx.Identifier{"notes"}, []string{"item", "body"}, pgx.CopyFromRows([][]any{{id, "copied"}}))
			must(err)
		}
	})
}

func main() {
	a := os.Args[1:]
	loads := map[string]func(server, string){"go-mysql-statements": mysqlStatements, "go-mysql-each": mysqlEach, "pgx": pgxLoad}
	loads[a[0]](server{a[1], a[2], a[3], a[4], a[5]}, a[6])
}
