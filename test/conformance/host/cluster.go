package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/shared/mlog"
)

const (
	discoveryType  = "mattermost_app"
	pingInterval   = time.Minute
	rowOutlived    = 30 * time.Minute
	publishTimeout = 5 * time.Second
)

// clusterNode is this server in its cluster: its row in the discovery table and its way to the others.
// The gossip between servers is the test's: it may drop, delay and forge what passes.
type clusterNode struct {
	id          string
	hostname    string
	clusterName string
	busURL      string
	database    *database
	logger      *mlog.Logger
}

// join writes this server's row as a starting server does: what is long dead goes, and so does an
// earlier row of ours.
func (n *clusterNode) join() error {
	oldest := n.database.nowMs() - rowOutlived.Milliseconds()
	if _, err := n.database.exec("DELETE FROM ClusterDiscovery WHERE LastPingAt < ?", oldest); err != nil {
		return err
	}
	if err := n.leave(); err != nil {
		return err
	}
	query := "INSERT INTO ClusterDiscovery (Id, Type, ClusterName, HostName, GossipPort, Port, CreateAt, LastPingAt) " +
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
	now := n.database.nowMs()
	_, err := n.database.exec(query, n.id, discoveryType, n.clusterName, n.hostname, 8074, 8074, now, now)
	return err
}

// leave deletes the row, as a server does that stops in order.
func (n *clusterNode) leave() error {
	query := "DELETE FROM ClusterDiscovery WHERE Type = ? AND ClusterName = ? AND HostName = ?"
	_, err := n.database.exec(query, discoveryType, n.clusterName, n.hostname)
	return err
}

// keepPinging says every minute that this server is there, as long as the process lives.
func (n *clusterNode) keepPinging() {
	query := "UPDATE ClusterDiscovery SET LastPingAt = ? WHERE Type = ? AND ClusterName = ? AND HostName = ?"
	for range time.Tick(pingInterval) {
		if _, err := n.database.exec(query, n.database.nowMs(), discoveryType, n.clusterName, n.hostname); err != nil {
			n.logger.Error("Failed to set the ping of the discovery row", mlog.Err(err))
		}
	}
}

// clusterMessage is what one server tells the others of a plugin's event; the bus passes it on.
type clusterMessage struct {
	From     string `json:"from"`
	TargetID string `json:"targetId"`
	SendType string `json:"sendType"`
	ID       string `json:"id"`
	Data     []byte `json:"data"`
}

// publish hands an event to the bus and does not wait until anybody has it. Without a cluster the
// server does nothing and says nothing; a target that is not there is an error.
func (n *clusterNode) publish(event model.PluginClusterEvent, options model.PluginClusterEventSendOptions) error {
	if n == nil {
		return nil
	}
	message := clusterMessage{n.id, options.TargetId, options.SendType, event.Id, event.Data}
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	client := http.Client{Timeout: publishTimeout}
	response, err := client.Post(n.busURL, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNoContent {
		reason, _ := io.ReadAll(response.Body)
		return fmt.Errorf("failed to send message to cluster node %q: %s", options.TargetId, reason)
	}
	return nil
}
