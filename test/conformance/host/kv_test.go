package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
)

// stores are the one in memory and, for each database that the test is told of, the one in its table.
func stores(t *testing.T, now func() time.Time) map[string]keyValues {
	result := map[string]keyValues{"memory": &kvStore{rows: map[string]kvRow{}, now: now}}
	for _, name := range []string{"postgres", "mysql"} {
		source := os.Getenv("TEST_SOURCE_" + strings.ToUpper(name))
		if source == "" {
			continue
		}
		config := &model.Config{}
		config.SetDefaults()
		config.SqlSettings.DriverName, config.SqlSettings.DataSource = &name, &source
		database, err := openDatabase(config.SqlSettings, now)
		if err != nil {
			t.Fatal(err)
		}
		result[name] = &kvTable{database, "test." + model.NewId()}
	}
	return result
}

// TestStoresAgree runs the same calls, taken from a seed, against all stores and compares the answers.
func TestStoresAgree(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))
	clock := time.UnixMilli(1_700_000_000_000)
	all := stores(t, func() time.Time { return clock })
	value := func() []byte {
		if choice := random.IntN(4); choice > 0 {
			return []byte{0, byte(choice)}
		}
		return nil
	}
	for step := range 600 {
		// An expiry at the very millisecond is told differently by the server's own statements.
		clock = clock.Add(time.Duration(random.IntN(1500)+1) * time.Millisecond)
		key := fmt.Sprintf("key-%d", random.IntN(3))
		old, fresh, expiry := value(), value(), int64(random.IntN(3))
		call := random.IntN(5)
		answers := map[string]string{}
		for name, store := range all {
			answers[name] = answer(store, call, key, old, fresh, expiry)
		}
		for name, found := range answers {
			if found != answers["memory"] {
				t.Fatalf("step %d, call %d on %s with %v, %v, %d s: %s says %s, memory %s", step, call, key, old, fresh, expiry, name, found, answers["memory"])
			}
		}
	}
}

func answer(store keyValues, call int, key string, old, fresh []byte, expiry int64) string {
	var result any
	var err *model.AppError
	switch call {
	case 0:
		result, err = store.KVGet(key)
	case 1:
		err = store.KVSetWithExpiry(key, fresh, expiry)
	case 2:
		result, err = store.KVSetWithOptions(key, fresh, model.PluginKVSetOptions{Atomic: true, OldValue: old, ExpireInSeconds: expiry})
	case 3:
		result, err = store.KVCompareAndDelete(key, old)
	default:
		result, err = store.KVList(0, 2)
	}
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(result)
}

// TestOneWins lets many compare-and-sets with the same old value meet: one of them wins.
func TestOneWins(t *testing.T) {
	for name, store := range stores(t, time.Now) {
		var old []byte
		for round := range 5 {
			var group sync.WaitGroup
			wins := make(chan []byte, 8)
			for contender := range cap(wins) {
				group.Go(func() {
					fresh := []byte{1, byte(round), byte(contender)}
					if won, err := store.KVCompareAndSet("lead", old, fresh); err != nil {
						t.Error(err)
					} else if won {
						wins <- fresh
					}
				})
			}
			group.Wait()
			if len(wins) != 1 {
				t.Fatalf("%s: %d won round %d", name, len(wins), round)
			}
			old = <-wins
		}
	}
}

func TestKeysAreBounded(t *testing.T) {
	for name, store := range stores(t, time.Now) {
		if err := store.KVSet(strings.Repeat("ä", keyRunesMax), []byte{1}); err != nil {
			t.Error(name, err)
		}
		for _, key := range []string{"", strings.Repeat("ä", keyRunesMax+1)} {
			if err := store.KVSet(key, []byte{1}); err == nil {
				t.Errorf("%s takes a key of %d bytes", name, len(key))
			}
		}
	}
}
