//go:build !noaudit

package main

import (
	"encoding/json"

	"github.com/mattermost/mattermost/server/public/model"
)

// LogAuditRec does with a record what the server does: it adds to its maps, which must be there. Servers
// before 10.11 have neither the call nor the record.
func (a *pluginAPI) LogAuditRec(record *model.AuditRecord) {
	record.EventData.Parameters["plugin_id"] = a.manifest.Id
	record.AddMeta("plugin_id", a.manifest.Id)
	// As the server's audit log would have it, on one line.
	line, err := json.Marshal(record)
	a.server.mutex.Lock()
	defer a.server.mutex.Unlock()
	a.events = append(a.events, "audit "+record.EventName+" "+record.Status+" by "+record.Actor.UserId)
	if err == nil {
		a.audits = append(a.audits, line)
	}
	if len(a.audits) > maxAudits {
		a.audits = a.audits[1:]
	}
}
