package main

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/lib/pq"
	"github.com/mattermost/mattermost/server/public/model"
)

// database is the server's master and, when one is configured, its replica.
type database struct {
	driverName   string
	master       *sql.DB
	replica      *sql.DB
	queryTimeout time.Duration
	now          func() time.Time
}

// tables are the two of the server that a plugin meets, in each database's own types.
var tables = map[string][]string{
	"postgres": {
		`CREATE TABLE IF NOT EXISTS pluginkeyvaluestore (pluginid varchar(190) NOT NULL, pkey varchar(150) NOT NULL,
			pvalue bytea, expireat bigint, PRIMARY KEY (pluginid, pkey))`,
		`CREATE TABLE IF NOT EXISTS clusterdiscovery (id varchar(26) PRIMARY KEY, type varchar(64), clustername varchar(64),
			hostname varchar(512), gossipport integer, port integer, createat bigint, lastpingat bigint)`,
	},
	"mysql": {
		"CREATE TABLE IF NOT EXISTS PluginKeyValueStore (PluginId varchar(190) NOT NULL, PKey varchar(150) NOT NULL, " +
			"PValue mediumblob, ExpireAt bigint(20), PRIMARY KEY (PluginId, PKey)) CHARACTER SET utf8mb4",
		"CREATE TABLE IF NOT EXISTS ClusterDiscovery (Id varchar(26) NOT NULL PRIMARY KEY, Type varchar(64), ClusterName varchar(64), " +
			"HostName text, GossipPort int(11), Port int(11), CreateAt bigint(20), LastPingAt bigint(20)) CHARACTER SET utf8mb4",
	},
}

// openDatabase connects by SqlSettings and makes the tables that are missing.
func openDatabase(settings model.SqlSettings, now func() time.Time) (*database, error) {
	open := func(source string) (*sql.DB, error) {
		pool, err := sql.Open(*settings.DriverName, source)
		if err == nil {
			pool.SetMaxOpenConns(*settings.MaxOpenConns)
			pool.SetMaxIdleConns(*settings.MaxIdleConns)
		}
		return pool, err
	}
	master, err := open(*settings.DataSource)
	if err != nil {
		return nil, err
	}
	result := &database{
		driverName:   *settings.DriverName,
		master:       master,
		replica:      master,
		queryTimeout: time.Duration(*settings.QueryTimeout) * time.Second,
		now:          now,
	}
	if len(settings.DataSourceReplicas) > 0 {
		if result.replica, err = open(settings.DataSourceReplicas[0]); err != nil {
			return nil, err
		}
	}
	return result, result.migrate()
}

// migrate holds a lock of the database: servers that start together would create a table twice.
func (d *database) migrate() error {
	ctx, cancel := d.timeout()
	defer cancel()
	conn, err := d.master.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	lock, unlock := "SELECT pg_advisory_lock(1)", "SELECT pg_advisory_unlock(1)"
	if d.driverName == "mysql" {
		lock, unlock = "SELECT GET_LOCK('migrations', 10)", "SELECT RELEASE_LOCK('migrations')"
	}
	statements := append(append([]string{lock}, tables[d.driverName]...), unlock)
	for _, statement := range statements {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func (d *database) timeout() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d.queryTimeout)
}

func (d *database) pool(isMaster bool) *sql.DB {
	if isMaster {
		return d.master
	}
	return d.replica
}

// exec runs a statement on the master and tells how many rows it changed.
func (d *database) exec(query string, args ...any) (int64, error) {
	ctx, cancel := d.timeout()
	defer cancel()
	result, err := d.master.ExecContext(ctx, d.placeholders(query), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// placeholders writes the `?` of our statements as the database wants them.
func (d *database) placeholders(query string) string {
	if d.driverName == "mysql" {
		return query
	}
	return numbered(query)
}

func (d *database) nowMs() int64 { return d.now().UnixMilli() }

// numbered turns each `?` into PostgreSQL's `$1`, `$2` and so on.
func numbered(query string) string {
	parts := strings.Split(query, "?")
	result := parts[0]
	for i, part := range parts[1:] {
		result += "$" + strconv.Itoa(i+1) + part
	}
	return result
}
