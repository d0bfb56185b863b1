package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

// opened is what plugins hold of one kind, by the id that they were given.
type opened[Thing any] struct {
	mutex  sync.Mutex
	things map[string]Thing
}

func newOpened[Thing any]() *opened[Thing] { return &opened[Thing]{things: map[string]Thing{}} }

func (o *opened[Thing]) add(thing Thing) string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	id := model.NewId()
	o.things[id] = thing
	return id
}

func (o *opened[Thing]) get(id string) (Thing, bool) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	thing, ok := o.things[id]
	return thing, ok
}

// known ends the host on an id that nobody holds, where a server dereferences nil and dies.
func (o *opened[Thing]) known(id string) Thing {
	thing, ok := o.get(id)
	if !ok {
		panic("the plugin has crashed the server: it used a closed or unknown id of the driver: " + id)
	}
	return thing
}

func (o *opened[Thing]) take(id string) (Thing, bool) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	thing, ok := o.things[id]
	delete(o.things, id)
	return thing, ok
}

func (o *opened[Thing]) count() int {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return len(o.things)
}

type pluginConn struct {
	*sql.Conn
	pluginID string
}

// sqlDriver lends connections of the server's pools to plugins, with the server's habits: only taking
// a connection has a timeout, values go to the database's driver unconverted, unknown connections are
// "bad", unknown rows, statements and transactions end the server.
type sqlDriver struct {
	database *database
	conns    *opened[pluginConn]
	txs      *opened[driver.Tx]
	stmts    *opened[driver.Stmt]
	rows     *opened[driver.Rows]
}

var _ plugin.Driver = (*sqlDriver)(nil)

func newSQLDriver(database *database) *sqlDriver {
	return &sqlDriver{database, newOpened[pluginConn](), newOpened[driver.Tx](), newOpened[driver.Stmt](), newOpened[driver.Rows]()}
}

// held counts what plugins have not given back.
func (d *sqlDriver) held() reply {
	return reply{"conns": d.conns.count(), "txs": d.txs.count(), "stmts": d.stmts.count(), "rows": d.rows.count()}
}

func (d *sqlDriver) Conn(isMaster bool) (string, error) { return d.ConnWithPluginID(isMaster, "") }

func (d *sqlDriver) ConnWithPluginID(isMaster bool, pluginID string) (string, error) {
	ctx, cancel := d.database.timeout()
	defer cancel()
	conn, err := d.database.pool(isMaster).Conn(ctx)
	if err != nil {
		return "", err
	}
	return d.conns.add(pluginConn{conn, pluginID}), nil
}

// ShutdownConns takes back what a plugin that ended has left open.
func (d *sqlDriver) ShutdownConns(pluginID string) {
	d.conns.mutex.Lock()
	defer d.conns.mutex.Unlock()
	for id, conn := range d.conns.things {
		if conn.pluginID == pluginID {
			_ = conn.Close()
			delete(d.conns.things, id)
		}
	}
}

// withConn runs use on the connection of the database's own driver.
func (d *sqlDriver) withConn(id string, use func(conn any) error) error {
	conn, ok := d.conns.get(id)
	if !ok {
		return driver.ErrBadConn
	}
	return conn.Raw(use)
}

func (d *sqlDriver) ConnPing(connID string) error {
	return d.withConn(connID, func(conn any) error { return conn.(driver.Pinger).Ping(context.Background()) })
}

func (d *sqlDriver) ConnClose(connID string) error {
	conn, ok := d.conns.take(connID)
	if !ok {
		return driver.ErrBadConn
	}
	return conn.Close()
}

func (d *sqlDriver) ConnQuery(connID, query string, args []driver.NamedValue) (rowsID string, err error) {
	err = d.withConn(connID, func(conn any) error {
		rows, err := conn.(driver.QueryerContext).QueryContext(context.Background(), query, args)
		if err == nil {
			rowsID = d.rows.add(rows)
		}
		return err
	})
	return rowsID, err
}

func (d *sqlDriver) ConnExec(connID, query string, args []driver.NamedValue) (container plugin.ResultContainer, err error) {
	err = d.withConn(connID, func(conn any) error {
		result, err := conn.(driver.ExecerContext).ExecContext(context.Background(), query, args)
		if err == nil {
			container = contain(result)
		}
		return err
	})
	return container, err
}

func contain(result driver.Result) plugin.ResultContainer {
	var container plugin.ResultContainer
	container.LastID, container.LastIDError = result.LastInsertId()
	container.RowsAffected, container.RowsAffectedError = result.RowsAffected()
	return container
}

func (d *sqlDriver) Tx(connID string, options driver.TxOptions) (txID string, err error) {
	err = d.withConn(connID, func(conn any) error {
		tx, err := conn.(driver.ConnBeginTx).BeginTx(context.Background(), options)
		if err == nil {
			txID = d.txs.add(tx)
		}
		return err
	})
	return txID, err
}

func (d *sqlDriver) TxCommit(txID string) error {
	tx := d.txs.known(txID)
	d.txs.take(txID)
	return tx.Commit()
}

func (d *sqlDriver) TxRollback(txID string) error {
	tx := d.txs.known(txID)
	d.txs.take(txID)
	return tx.Rollback()
}

func (d *sqlDriver) Stmt(connID, query string) (stmtID string, err error) {
	err = d.withConn(connID, func(conn any) error {
		stmt, err := conn.(driver.Conn).Prepare(query)
		if err == nil {
			stmtID = d.stmts.add(stmt)
		}
		return err
	})
	return stmtID, err
}

func (d *sqlDriver) StmtClose(stmtID string) error {
	stmt := d.stmts.known(stmtID)
	d.stmts.take(stmtID)
	return stmt.Close()
}

func (d *sqlDriver) StmtNumInput(stmtID string) int { return d.stmts.known(stmtID).NumInput() }

// StmtQuery and StmtExec go the old way without a context, as the server does.
func (d *sqlDriver) StmtQuery(stmtID string, args []driver.NamedValue) (string, error) {
	rows, err := d.stmts.known(stmtID).Query(values(args)) //nolint:staticcheck
	if err != nil {
		return "", err
	}
	return d.rows.add(rows), nil
}

func (d *sqlDriver) StmtExec(stmtID string, args []driver.NamedValue) (plugin.ResultContainer, error) {
	result, err := d.stmts.known(stmtID).Exec(values(args)) //nolint:staticcheck
	if err != nil {
		return plugin.ResultContainer{}, err
	}
	return contain(result), nil
}

func values(args []driver.NamedValue) []driver.Value {
	list := make([]driver.Value, len(args))
	for i, arg := range args {
		list[i] = arg.Value
	}
	return list
}

func (d *sqlDriver) RowsColumns(rowsID string) []string { return d.rows.known(rowsID).Columns() }

func (d *sqlDriver) RowsClose(rowsID string) error {
	rows := d.rows.known(rowsID)
	d.rows.take(rowsID)
	return rows.Close()
}

func (d *sqlDriver) RowsNext(rowsID string, dest []driver.Value) error {
	return d.rows.known(rowsID).Next(dest)
}

func (d *sqlDriver) RowsHasNextResultSet(rowsID string) bool {
	return d.rows.known(rowsID).(driver.RowsNextResultSet).HasNextResultSet()
}

func (d *sqlDriver) RowsNextResultSet(rowsID string) error {
	return d.rows.known(rowsID).(driver.RowsNextResultSet).NextResultSet()
}

func (d *sqlDriver) RowsColumnTypeDatabaseTypeName(rowsID string, index int) string {
	return d.rows.known(rowsID).(driver.RowsColumnTypeDatabaseTypeName).ColumnTypeDatabaseTypeName(index)
}

func (d *sqlDriver) RowsColumnTypePrecisionScale(rowsID string, index int) (int64, int64, bool) {
	return d.rows.known(rowsID).(driver.RowsColumnTypePrecisionScale).ColumnTypePrecisionScale(index)
}
