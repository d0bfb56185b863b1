// Command host runs one plugin bundle under Mattermost's own plugin environment: the supervisor, the
// health check and the RPC of the server, with the part of the plugin API that the plugin uses. A test
// drives it through a control listener on loopback.
//
//	host run -bundle plugin.tar.gz -dir DIR -config config.json [-database] [-hostname H -cluster-id ID -bus URL]
//	host packet metadata.yaml
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("usage: host run|packet")
	}
	switch args[0] {
	case "run":
		options, err := parseOptions(args[1:])
		if err != nil {
			return err
		}
		return serve(options)
	case "packet":
		return printPacket(args[1])
	default:
		return fmt.Errorf("unknown command %q", args[0])
	}
}

// options are what a test says of the server that it wants.
type options struct {
	bundle, dir, config string
	telemetryID         string
	hasDatabase         bool
	hostname            string
	clusterID           string
	bus                 string
	clockOffset         time.Duration
}

func parseOptions(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	flags.StringVar(&o.bundle, "bundle", "", "the bundle as it would be uploaded")
	flags.StringVar(&o.dir, "dir", "", "becomes the server's working directory")
	flags.StringVar(&o.config, "config", "", "JSON that is laid over the server's default configuration")
	flags.StringVar(&o.telemetryID, "telemetry-id", model.NewId(), "of the installation: the same for all nodes and after a restart")
	flags.BoolVar(&o.hasDatabase, "database", false, "keys and the SQL driver are those of the database of SqlSettings")
	flags.StringVar(&o.hostname, "hostname", "", "of the discovery row; with it the server is a node of a cluster")
	flags.StringVar(&o.clusterID, "cluster-id", "", "of this node")
	flags.StringVar(&o.bus, "bus", "", "where events for the other nodes go")
	flags.DurationVar(&o.clockOffset, "clock-offset", 0, "how wrong the server's clock is, in expiry and pings")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.hostname != "" && (!o.hasDatabase || o.clusterID == "" || o.bus == "") {
		return o, fmt.Errorf("a node of a cluster needs -database, -cluster-id and -bus")
	}
	return o, nil
}

// printPacket reads a metadata file with the parser that Mattermost's support tools use.
func printPacket(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	metadata, err := model.ParsePacketMetadata(content)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(metadata)
}
