package main

import (
	"bytes"
	"net/http"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/mattermost/mattermost/server/public/model"
)

// keyValues are the calls of the plugin API on keys; the server's one list for all of them.
type keyValues interface {
	KVGet(key string) ([]byte, *model.AppError)
	KVSet(key string, value []byte) *model.AppError
	KVSetWithExpiry(key string, value []byte, expireInSeconds int64) *model.AppError
	KVSetWithOptions(key string, value []byte, options model.PluginKVSetOptions) (bool, *model.AppError)
	KVCompareAndSet(key string, oldValue, newValue []byte) (bool, *model.AppError)
	KVCompareAndDelete(key string, oldValue []byte) (bool, *model.AppError)
	KVDelete(key string) *model.AppError
	KVDeleteAll() *model.AppError
	KVList(page, perPage int) ([]string, *model.AppError)
}

// kvStore keeps a plugin's keys in memory with the rules of the server's table: an empty value is no
// value, expiry in whole seconds by this process' clock, compare-and-set by bytes.
type kvStore struct {
	mutex sync.Mutex
	rows  map[string]kvRow
	now   func() time.Time
}

type kvRow struct {
	value    []byte
	expireAt int64
}

const keyRunesMax = 150

func newKVStore() *kvStore { return &kvStore{rows: map[string]kvRow{}, now: time.Now} }

func (s *kvStore) live(key string) (kvRow, bool) {
	row, ok := s.rows[key]
	if !ok || (row.expireAt != 0 && row.expireAt <= s.now().UnixMilli()) {
		return kvRow{}, false
	}
	return row, true
}

func (s *kvStore) KVGet(key string) ([]byte, *model.AppError) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	row, ok := s.live(key)
	if !ok {
		return nil, nil
	}
	return row.value, nil
}

func (s *kvStore) KVSet(key string, value []byte) *model.AppError {
	_, err := s.KVSetWithOptions(key, value, model.PluginKVSetOptions{})
	return err
}

func (s *kvStore) KVSetWithExpiry(key string, value []byte, expireInSeconds int64) *model.AppError {
	_, err := s.KVSetWithOptions(key, value, model.PluginKVSetOptions{ExpireInSeconds: expireInSeconds})
	return err
}

func (s *kvStore) KVCompareAndSet(key string, oldValue, newValue []byte) (bool, *model.AppError) {
	return s.KVSetWithOptions(key, newValue, model.PluginKVSetOptions{Atomic: true, OldValue: oldValue})
}

func (s *kvStore) KVCompareAndDelete(key string, oldValue []byte) (bool, *model.AppError) {
	return s.KVSetWithOptions(key, nil, model.PluginKVSetOptions{Atomic: true, OldValue: oldValue})
}

func (s *kvStore) KVSetWithOptions(key string, value []byte, options model.PluginKVSetOptions) (bool, *model.AppError) {
	if err := validateKey(key); err != nil {
		return false, err
	}
	if err := options.IsValid(); err != nil {
		return false, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if options.Atomic && value == nil && options.OldValue == nil {
		return false, nil // nothing can have been deleted
	}
	if options.Atomic {
		row, ok := s.live(key)
		if ok != (options.OldValue != nil) || !bytes.Equal(row.value, options.OldValue) {
			return false, nil
		}
	}
	if value == nil {
		delete(s.rows, key)
		return true, nil
	}
	row := kvRow{value: slices.Clone(value)}
	if options.ExpireInSeconds != 0 {
		row.expireAt = s.now().UnixMilli() + options.ExpireInSeconds*1000
	}
	s.rows[key] = row
	return true, nil
}

func (s *kvStore) KVDelete(key string) *model.AppError {
	return s.KVSet(key, nil)
}

func (s *kvStore) KVDeleteAll() *model.AppError {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	clear(s.rows)
	return nil
}

func (s *kvStore) KVList(page, perPage int) ([]string, *model.AppError) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if perPage <= 0 {
		perPage = 10
	}
	keys := []string{}
	for key := range s.rows {
		if _, ok := s.live(key); ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	from := min(max(page, 0)*perPage, len(keys))
	return keys[from:min(from+perPage, len(keys))], nil
}

func validateKey(key string) *model.AppError {
	if runes := utf8.RuneCountInString(key); runes == 0 || runes > keyRunesMax {
		return model.NewAppError("PluginKeyValue.IsValid", "model.plugin_key_value.is_valid.key.app_error",
			map[string]any{"Max": keyRunesMax, "Min": 0}, "key="+key, http.StatusBadRequest)
	}
	return nil
}
