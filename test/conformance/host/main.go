// Command host runs one plugin bundle under Mattermost's own plugin environment: the supervisor, the
// health check and the RPC of the server, with the part of the plugin API that the plugin uses. A test
// drives it through a control listener on loopback.
//
//	host run -bundle plugin.tar.gz -dir DIR -config config.json
//	host packet metadata.yaml
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"

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
		flags := flag.NewFlagSet("run", flag.ContinueOnError)
		bundle := flags.String("bundle", "", "the bundle as it would be uploaded")
		dir := flags.String("dir", "", "becomes the server's working directory")
		config := flags.String("config", "", "JSON that is laid over the server's default configuration")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return serve(*bundle, *dir, *config)
	case "packet":
		return printPacket(args[1])
	default:
		return fmt.Errorf("unknown command %q", args[0])
	}
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
