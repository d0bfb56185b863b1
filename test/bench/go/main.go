// Command bench measures Prometheus' own library on the bodies that our measures use. It reads
// bodies (each behind its length, 32 bits big endian) and prints one JSON object.
// usage: bench BODIES DIRECTORY
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/compression"
)

const (
	blockMs  = 2 * 60 * 60 * 1000
	startMs  = 1_699_999_200_000
	stepMs   = 15_000
	perBlock = blockMs / stepMs
	blocks   = 3
)

type result struct {
	IngestNs       float64 `json:"ingestNs"`
	BytesPerSample float64 `json:"bytesPerSample"`
	CutMs          float64 `json:"cutMs"`
	MergeMs        float64 `json:"mergeMs"`
	ReplayMSamples float64 `json:"replayMSamples"`
}

func main() {
	// One thread, as for ours: the measure is work, not parallel work.
	runtime.GOMAXPROCS(1)
	bodies := must(readBodies(os.Args[1]))
	dir := os.Args[2]
	var out result
	db := open(filepath.Join(dir, "db"))
	target := &target{cache: map[string]*entry{}}
	var perSample []float64
	samples := 0
	for i := range perBlock * blocks {
		body := bodies[i%len(bodies)]
		before := cpu()
		n := must(target.scrape(db, body, startMs+int64(i)*stepMs))
		// The first scrapes make the series.
		if i >= perBlock/4 {
			perSample = append(perSample, float64(cpu()-before)/float64(n))
		}
		samples += n
	}
	// Collection of garbage falls on few scrapes: the mean holds it, the median would not.
	out.IngestNs = mean(perSample)
	out.CutMs, out.MergeMs, out.BytesPerSample = cutAndMerge(db, filepath.Join(dir, "blocks"))
	check(db.Close())
	begin := cpu()
	db = open(filepath.Join(dir, "db"))
	out.ReplayMSamples = float64(samples) * 1e3 / float64(cpu()-begin)
	check(db.Close())
	check(json.NewEncoder(os.Stdout).Encode(out))
}

func open(dir string) *tsdb.DB {
	options := tsdb.DefaultOptions()
	// What the server sets.
	options.WALCompression = compression.Snappy
	options.RetentionDuration = math.MaxInt64 / 1_000_000
	db := must(tsdb.Open(dir, slog.New(slog.DiscardHandler), nil, options, nil))
	db.DisableCompactions()
	return db
}

type entry struct {
	ref    storage.SeriesRef
	labels labels.Labels
	iter   uint64
}

// target does with a body what a scrape loop does: series by the text of their line, one append
// for each sample, staleness markers for those that vanished.
type target struct {
	cache   map[string]*entry
	symbols *labels.SymbolTable
	iter    uint64
}

func (t *target) scrape(db *tsdb.DB, body []byte, timeMs int64) (int, error) {
	if t.symbols == nil {
		t.symbols = labels.NewSymbolTable()
	}
	t.iter++
	parser, err := textparse.New(body, "text/plain; version=0.0.4", t.symbols, textparse.ParserOptions{})
	if err != nil {
		return 0, err
	}
	app := db.Appender(context.Background())
	n := 0
	for {
		kind, err := parser.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		if kind != textparse.EntrySeries {
			continue
		}
		text, _, v := parser.Series()
		e, known := t.cache[string(text)]
		if !known {
			var own labels.Labels
			parser.Labels(&own)
			b := labels.NewBuilder(own)
			b.Set("job", "bench").Set("instance", "app:8067")
			e = &entry{labels: b.Labels()}
			t.cache[string(text)] = e
		}
		e.ref, err = app.Append(e.ref, e.labels, timeMs, v)
		if err != nil {
			return 0, err
		}
		e.iter = t.iter
		n++
	}
	for text, e := range t.cache {
		if e.iter == t.iter {
			continue
		}
		if _, err := app.Append(e.ref, e.labels, timeMs, math.Float64frombits(value.StaleNaN)); err != nil {
			return 0, err
		}
		delete(t.cache, text)
	}
	return n, app.Commit()
}

// cutAndMerge writes each block range of the head as a block, then all blocks as one, three times.
func cutAndMerge(db *tsdb.DB, dir string) (cutMs, mergeMs, bytesPerSample float64) {
	compactor := must(tsdb.NewLeveledCompactor(context.Background(), nil,
		slog.New(slog.DiscardHandler), []int64{blockMs, 3 * blockMs}, chunkenc.NewPool(), nil))
	check(os.MkdirAll(dir, 0o755))
	var cuts, merges []float64
	var dirs []string
	for i := range int64(blocks) {
		mint := startMs + i*blockMs
		begin := cpu()
		ids := must(compactor.Write(dir, tsdb.NewRangeHead(db.Head(), mint, mint+blockMs-1), mint, mint+blockMs, nil))
		cuts = append(cuts, ms(cpu()-begin))
		dirs = append(dirs, filepath.Join(dir, ids[0].String()))
	}
	for range 3 {
		begin := cpu()
		must(compactor.Compact(dir, dirs, nil))
		merges = append(merges, ms(cpu()-begin))
	}
	block := must(tsdb.OpenBlock(slog.New(slog.DiscardHandler), dirs[0], nil, nil))
	defer block.Close()
	return median(cuts), median(merges), float64(block.Size()) / float64(block.Meta().Stats.NumSamples)
}

func readBodies(path string) ([][]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var bodies [][]byte
	for len(data) > 0 {
		length := binary.BigEndian.Uint32(data)
		bodies = append(bodies, slices.Clone(data[4:4+length]))
		data = data[4+length:]
	}
	return bodies, nil
}

// cpu gives the CPU time of the process in nanoseconds.
func cpu() int64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func ms(nanoseconds int64) float64 { return float64(nanoseconds) / 1e6 }

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
