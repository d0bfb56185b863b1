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

// kvStore keeps a plugin's keys with the rules of the server's table: an empty value is no value,
// expiry in whole seconds by this process' clock, compare-and-set by bytes.
type kvStore struct {
	mutex sync.Mutex
	rows  map[string]kvRow
}

type kvRow struct {
	value    []byte
	expireAt int64
}

const keyRunesMax = 150

func newKVStore() *kvStore { return &kvStore{rows: map[string]kvRow{}} }

func (s *kvStore) live(key string) (kvRow, bool) {
	row, ok := s.rows[key]
	if !ok || (row.expireAt != 0 && row.expireAt <= time.Now().UnixMilli()) {
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
	if runes := utf8.RuneCountInString(key); runes == 0 || runes > keyRunesMax {
		return false, model.NewAppError("KVSetWithOptions", "model.plugin_key_value.is_valid.key.app_error",
			map[string]any{"Max": keyRunesMax, "Min": 0}, "key="+key, http.StatusBadRequest)
	}
	if err := options.IsValid(); err != nil {
		return false, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
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
		row.expireAt = time.Now().UnixMilli() + options.ExpireInSeconds*1000
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
