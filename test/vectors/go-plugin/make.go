// Writes the data directory that the Go plugin 0.7.0 leaves behind, with the storage engine that it
// embeds and the options that it sets: once closed properly, once as a kill leaves it.
package main

import (
	"context"
	"fmt"
	"io/fs"
	"log"
	"math"
	"os"
	"path/filepath"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/tsdb"
)

const (
	startMs    = 1795046820000 // 2026-11-19T00:07:00Z
	intervalMs = 60000
	scrapes    = 270
	series     = 24
	// This series is absent for a while, after a staleness marker.
	gapSeries, gapFrom, gapTo = 7, 100, 120
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func labelsOf(i int) labels.Labels {
	return labels.FromStrings(
		labels.MetricName, fmt.Sprintf("mattermost_example_%02d_total", i),
		"instance", "localhost:8067", "job", "prometheus", "handler", fmt.Sprintf("h%d", i%5),
	)
}

func valueOf(i, k int) (float64, bool) {
	if i == gapSeries && k == gapFrom {
		return math.Float64frombits(value.StaleNaN), true
	}
	if i == gapSeries && k > gapFrom && k < gapTo {
		return 0, false
	}
	if i%2 == 0 {
		return float64(i*1000 + k*(i+1)), true
	}
	return float64(k) / float64(i+2), true
}

func main() {
	out := os.Args[1]
	closed := filepath.Join(out, "closed")
	db, err := tsdb.Open(closed, nil, nil, &tsdb.Options{
		AllowOverlappingCompaction:     true,
		EnableMemorySnapshotOnShutdown: true,
		// Small, so that the few samples make several segments and a checkpoint.
		WALSegmentSize: 32 * 1024,
	}, nil)
	must(err)
	db.DisableCompactions()
	for k := 0; k < scrapes; k++ {
		appender := db.Appender(context.Background())
		for i := 0; i < series; i++ {
			if v, ok := valueOf(i, k); ok {
				_, err := appender.Append(0, labelsOf(i), startMs+int64(k)*intervalMs, v)
				must(err)
			}
		}
		must(appender.Commit())
	}
	db.EnableCompactions()
	must(db.Compact(context.Background()))
	copyDirectory(closed, filepath.Join(out, "killed"))
	must(db.Close())
}

func copyDirectory(from, to string) {
	must(filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		must(err)
		relative, err := filepath.Rel(from, path)
		must(err)
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, relative), 0o755)
		}
		bytes, err := os.ReadFile(path)
		must(err)
		return os.WriteFile(filepath.Join(to, relative), bytes, 0o644)
	}))
}
