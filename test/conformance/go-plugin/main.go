// Opens what our plugin leaves behind as the Go plugin 0.7.0 would, with the storage engine that it
// embeds and the options that it sets, and prints what it finds.
//
//	go-plugin collect DIR   a data directory, as at its activation; appends a sample, so it writes
//	go-plugin dump DIR...   copies of block directories, as when it makes a dump: opened, compacted
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"math"
	"os"
	"time"

	kitlog "github.com/go-kit/log"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// What the engine reads of a directory.
type findings struct {
	Blocks  int `json:"blocks"`
	Series  int `json:"series"`
	Samples int `json:"samples"`
	// The engine's log, but for what it says at every start.
	Log []string `json:"log"`
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Keeps every line of level warn and error.
type keeper struct{ lines []string }

func (k *keeper) Log(pairs ...interface{}) error {
	line, isBad := "", false
	for i := 0; i+1 < len(pairs); i += 2 {
		value := fmt.Sprint(pairs[i+1])
		if pairs[i] == "level" && (value == "warn" || value == "error") {
			isBad = true
		}
		line += fmt.Sprintf("%v=%s ", pairs[i], value)
	}
	if isBad {
		k.lines = append(k.lines, line)
	}
	return nil
}

func countAll(db *tsdb.DB, found *findings) {
	querier, err := db.Querier(math.MinInt64, math.MaxInt64)
	must(err)
	defer func() { must(querier.Close()) }()
	everything := labels.MustNewMatcher(labels.MatchRegexp, labels.MetricName, ".+")
	set := querier.Select(context.Background(), false, nil, everything)
	for set.Next() {
		found.Series++
		count(set.At(), found)
	}
	must(set.Err())
}

func count(series storage.Series, found *findings) {
	samples := series.Iterator(nil)
	for samples.Next() != chunkenc.ValNone {
		found.Samples++
	}
	must(samples.Err())
}

func main() {
	mode, dir := os.Args[1], os.Args[2]
	said := &keeper{}
	options := tsdb.DefaultOptions()
	options.AllowOverlappingCompaction = true
	if mode == "collect" {
		options.RetentionDuration = int64(3 * 24 * time.Hour / time.Millisecond)
		options.EnableMemorySnapshotOnShutdown = true
	} else {
		options.RetentionDuration = 0
		options.MaxBlockDuration = int64(6 * time.Hour / time.Millisecond)
	}
	db, err := tsdb.Open(dir, kitlog.Logger(said), nil, options, nil)
	must(err)
	if mode == "dump" {
		must(db.Compact(context.Background()))
	}
	found := &findings{Log: []string{}}
	countAll(db, found)
	found.Blocks = len(db.Blocks())
	if mode == "collect" {
		appender := db.Appender(context.Background())
		_, err = appender.Append(0, labels.FromStrings(labels.MetricName, "up"), time.Now().UnixMilli(), 1)
		must(err)
		must(appender.Commit())
	}
	must(db.Close())
	found.Log = append(found.Log, said.lines...)
	must(json.NewEncoder(os.Stdout).Encode(found))
}
