package main

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/go-sql-driver/mysql"
	"github.com/lib/pq"
	"github.com/mattermost/mattermost/server/public/model"
)

// kvTable keeps a plugin's keys in the server's table with the server's statements: reads and lists on
// the replica, writes on the master, expiry by the clock of this process.
type kvTable struct {
	database *database
	pluginID string
}

const (
	pluginIDRunesMax  = 190
	listPerPage       = 10
	unexpired         = "(ExpireAt = 0 OR ExpireAt > ?)"
	whereKey          = " WHERE PluginId = ? AND PKey = ?"
	pgUniqueViolation = "23505"
	myUniqueViolation = 1062
)

func (t *kvTable) KVGet(key string) ([]byte, *model.AppError) {
	value, err := t.read(key)
	if errors.Is(err, sql.ErrNoRows) {
		// Keys of servers before 5.6 are stored by their hash: a miss costs a second look.
		value, err = t.read(hashedKey(key))
	}
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return value, failure("KVGet", "app.plugin_store.get.app_error", err)
}

func (t *kvTable) read(key string) ([]byte, error) {
	ctx, cancel := t.database.timeout()
	defer cancel()
	query := "SELECT PValue FROM PluginKeyValueStore" + whereKey + " AND " + unexpired
	row := t.database.replica.QueryRowContext(ctx, t.database.placeholders(query), t.pluginID, key, t.database.nowMs())
	var value []byte
	return value, row.Scan(&value)
}

func (t *kvTable) KVSet(key string, value []byte) *model.AppError {
	_, err := t.KVSetWithOptions(key, value, model.PluginKVSetOptions{})
	return err
}

func (t *kvTable) KVSetWithExpiry(key string, value []byte, expireInSeconds int64) *model.AppError {
	_, err := t.KVSetWithOptions(key, value, model.PluginKVSetOptions{ExpireInSeconds: expireInSeconds})
	return err
}

func (t *kvTable) KVCompareAndSet(key string, oldValue, newValue []byte) (bool, *model.AppError) {
	return t.KVSetWithOptions(key, newValue, model.PluginKVSetOptions{Atomic: true, OldValue: oldValue})
}

func (t *kvTable) KVCompareAndDelete(key string, oldValue []byte) (bool, *model.AppError) {
	if err := t.validate(key); err != nil {
		return false, err
	}
	deleted, err := t.compareAndDelete(key, oldValue)
	return deleted, failure("KVCompareAndDelete", "app.plugin_store.compare_and_delete.app_error", err)
}

func (t *kvTable) KVSetWithOptions(key string, value []byte, options model.PluginKVSetOptions) (bool, *model.AppError) {
	if err := t.validate(key); err != nil {
		return false, err
	}
	if err := options.IsValid(); err != nil {
		return false, err
	}
	expireAt := int64(0)
	if options.ExpireInSeconds != 0 {
		expireAt = t.database.nowMs() + options.ExpireInSeconds*1000
	}
	isStored, err := t.set(key, value, expireAt, options)
	if err == nil {
		_, err = t.delete(hashedKey(key))
	}
	return isStored, failure("KVSetWithOptions", "app.plugin_store.save.app_error", err)
}

func (t *kvTable) set(key string, value []byte, expireAt int64, options model.PluginKVSetOptions) (bool, error) {
	switch {
	case options.Atomic && value == nil:
		return t.compareAndDelete(key, options.OldValue)
	case options.Atomic && options.OldValue == nil:
		return t.insert(key, value, expireAt)
	case options.Atomic:
		return t.update(key, value, expireAt, options.OldValue)
	case value == nil:
		_, err := t.delete(key)
		return true, err
	}
	query := "INSERT INTO PluginKeyValueStore (PluginId, PKey, PValue, ExpireAt) VALUES (?, ?, ?, ?) "
	if t.database.driverName == "mysql" {
		query += "ON DUPLICATE KEY UPDATE PValue = ?, ExpireAt = ?"
	} else {
		query += "ON CONFLICT (pluginid, pkey) DO UPDATE SET PValue = ?, ExpireAt = ?"
	}
	_, err := t.database.exec(query, t.pluginID, key, value, expireAt, value, expireAt)
	return true, err
}

// insert loses against any row that has not expired.
func (t *kvTable) insert(key string, value []byte, expireAt int64) (bool, error) {
	query := "DELETE FROM PluginKeyValueStore" + whereKey + " AND ExpireAt <> 0 AND ExpireAt < ?"
	if _, err := t.database.exec(query, t.pluginID, key, t.database.nowMs()); err != nil {
		return false, err
	}
	query = "INSERT INTO PluginKeyValueStore (PluginId, PKey, PValue, ExpireAt) VALUES (?, ?, ?, ?)"
	_, err := t.database.exec(query, t.pluginID, key, value, expireAt)
	if isUniqueViolation(err) {
		return false, nil
	}
	return err == nil, err
}

// update is one statement: of two that compare with the same old value one finds no row.
func (t *kvTable) update(key string, value []byte, expireAt int64, oldValue []byte) (bool, error) {
	query := "UPDATE PluginKeyValueStore SET PValue = ?, ExpireAt = ?" + whereKey + " AND PValue = ? AND " + unexpired
	changed, err := t.database.exec(query, value, expireAt, t.pluginID, key, oldValue, t.database.nowMs())
	if err != nil || changed > 0 || t.database.driverName != "mysql" || !bytes.Equal(value, oldValue) {
		return changed > 0, err
	}
	// MySQL does not count a row that has the wanted value already.
	present, err := t.read(key)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return bytes.Equal(present, value), err
}

func (t *kvTable) compareAndDelete(key string, oldValue []byte) (bool, error) {
	if oldValue == nil {
		return false, nil
	}
	query := "DELETE FROM PluginKeyValueStore" + whereKey + " AND PValue = ? AND " + unexpired
	changed, err := t.database.exec(query, t.pluginID, key, oldValue, t.database.nowMs())
	return changed > 0, err
}

func (t *kvTable) delete(key string) (int64, error) {
	return t.database.exec("DELETE FROM PluginKeyValueStore"+whereKey, t.pluginID, key)
}

func (t *kvTable) KVDelete(key string) *model.AppError {
	_, err := t.delete(key)
	if err == nil {
		_, err = t.delete(hashedKey(key))
	}
	return failure("KVDelete", "app.plugin_store.delete.app_error", err)
}

func (t *kvTable) KVDeleteAll() *model.AppError {
	_, err := t.database.exec("DELETE FROM PluginKeyValueStore WHERE PluginId = ?", t.pluginID)
	return failure("KVDeleteAll", "app.plugin_store.delete.app_error", err)
}

func (t *kvTable) KVList(page, perPage int) ([]string, *model.AppError) {
	keys, err := t.list(max(page*perPage, 0), perPage)
	return keys, failure("KVList", "app.plugin_store.list.app_error", err)
}

func (t *kvTable) list(offset, limit int) ([]string, error) {
	if limit <= 0 {
		limit = listPerPage
	}
	ctx, cancel := t.database.timeout()
	defer cancel()
	query := "SELECT PKey FROM PluginKeyValueStore WHERE PluginId = ? AND " + unexpired + " ORDER BY PKey LIMIT ? OFFSET ?"
	rows, err := t.database.replica.QueryContext(ctx, t.database.placeholders(query), t.pluginID, t.database.nowMs(), limit, offset)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	keys := []string{}
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, rows.Err()
}

func (t *kvTable) validate(key string) *model.AppError {
	if err := validateKey(key); err != nil {
		return err
	}
	if runes := utf8.RuneCountInString(t.pluginID); runes == 0 || runes > pluginIDRunesMax {
		return model.NewAppError("PluginKeyValue.IsValid", "model.plugin_key_value.is_valid.plugin_id.app_error",
			map[string]any{"Max": pluginIDRunesMax, "Min": 0}, "key="+key, http.StatusBadRequest)
	}
	return nil
}

func hashedKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func isUniqueViolation(err error) bool {
	var postgres *pq.Error
	var mariadb *mysql.MySQLError
	return (errors.As(err, &postgres) && postgres.Code == pgUniqueViolation) ||
		(errors.As(err, &mariadb) && mariadb.Number == myUniqueViolation)
}

func failure(where, id string, err error) *model.AppError {
	if err == nil {
		return nil
	}
	return model.NewAppError(where, id, nil, "", http.StatusInternalServerError).Wrap(err)
}
