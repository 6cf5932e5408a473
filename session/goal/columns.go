package goal

import "strings"

// columns are the attributes that hold a quantity, by event type.
var columns = map[string]map[string]string{
	"duration": {
		"Transaction": "duration", "PageView": "duration", "BrowserInteraction": "duration", "SyntheticCheck": "duration",
		"AwsLambdaInvocation": "duration", "Span": "duration.ms", "MobileRequest": "responseTime", "MobileSession": "sessionDuration", "PageViewTiming": "timingValue",
	},
	"cpu": {
		"SystemSample": "cpuPercent", "ProcessSample": "cpuPercent", "ContainerSample": "cpuPercent", "K8sContainerSample": "cpuUsedCores", "K8sNodeSample": "cpuUsedCores",
	},
	"memory": {
		"SystemSample": "memoryUsedPercent", "ProcessSample": "memoryResidentSizeBytes", "ContainerSample": "memoryUsageBytes",
		"K8sContainerSample": "memoryWorkingSetBytes", "K8sNodeSample": "memoryWorkingSetBytes",
	},
	"disk":  {"StorageSample": "diskUsedPercent", "SystemSample": "diskUsedPercent"},
	"bytes": {"NrConsumption": "GigabytesIngested", "NetworkSample": "receiveBytesPerSecond"},
	"cost":  {"NrConsumption": "consumption"},
	"users": {"PageView": "session", "BrowserInteraction": "session", "MobileSession": "sessionId"},
}

// facetColumns are the attributes that a word to group by stands for: by event
// type, or by what a type's name ends or begins with, or for all ("").
var facetColumns = map[string][]struct{ types, column string }{
	"host":      {{"Transaction TransactionError Span", "host"}, {"Log SystemSample ProcessSample StorageSample NetworkSample ContainerSample", "hostname"}},
	"app":       {{"Transaction TransactionError Span PageView PageViewTiming AjaxRequest BrowserInteraction JavaScriptError MobileSession MobileCrash MobileRequest MobileRequestError", "appName"}},
	"service":   {{"Transaction TransactionError", "appName"}, {"Span Log Metric", "service.name"}},
	"country":   {{"PageView AjaxRequest BrowserInteraction JavaScriptError PageViewTiming MobileSession MobileCrash MobileRequest", "countryCode"}},
	"region":    {{"PageView AjaxRequest BrowserInteraction JavaScriptError PageViewTiming", "regionCode"}, {"SystemSample AwsLambdaInvocation", "awsRegion"}},
	"city":      {{"PageView AjaxRequest BrowserInteraction JavaScriptError PageViewTiming", "city"}},
	"browser":   {{"PageView AjaxRequest BrowserInteraction JavaScriptError PageViewTiming", "userAgentName"}},
	"device":    {{"PageView AjaxRequest BrowserInteraction JavaScriptError PageViewTiming MobileSession MobileCrash", "deviceType"}},
	"os":        {{"PageView AjaxRequest BrowserInteraction JavaScriptError PageViewTiming", "userAgentOS"}, {"MobileSession MobileCrash MobileRequest", "osVersion"}},
	"page":      {{"PageView AjaxRequest BrowserInteraction JavaScriptError PageViewTiming", "pageUrl"}},
	"url":       {{"PageView PageViewTiming JavaScriptError", "pageUrl"}, {"AjaxRequest MobileRequest", "requestUrl"}, {"Transaction TransactionError", "request.uri"}},
	"endpoint":  {{"Transaction Span", "name"}, {"TransactionError", "transactionName"}, {"AjaxRequest", "requestUrl"}},
	"status":    {{"Transaction TransactionError Span", "http.statusCode"}, {"AjaxRequest", "httpResponseCode"}},
	"version":   {{"MobileSession MobileCrash MobileRequest MobileRequestError", "appVersion"}},
	"carrier":   {{"MobileSession MobileCrash MobileRequest MobileRequestError", "carrier"}},
	"exception": {{"TransactionError", "error.class"}, {"JavaScriptError", "errorClass"}},
	"level":     {{"Log", "level"}},
	"process":   {{"ProcessSample", "processDisplayName"}},
	"location":  {{"SyntheticCheck", "locationLabel"}},
	"pod":       {{"K8sPodSample K8sContainerSample", "podName"}},
	"container": {{"K8sContainerSample", "containerName"}, {"ContainerSample", "name"}},
	"node":      {{"K8sPodSample K8sContainerSample K8sNodeSample", "nodeName"}},
	"cluster":   {{"K8sPodSample K8sContainerSample K8sNodeSample K8sClusterSample", "clusterName"}},
	"namespace": {{"K8sPodSample K8sContainerSample", "namespaceName"}},
	"product":   {{"NrConsumption", "productLine"}},
	"account":   {{"NrConsumption", "consumingAccountName"}},
	"interface": {{"NetworkSample", "interfaceName"}},

	"transaction": {{"Transaction", "name"}, {"TransactionError", "transactionName"}},
}

// facetColumn returns the attribute of an event type that a facet means; "" where
// that isn't known. What is written like an attribute is one.
func facetColumn(eventType, facet string) string {
	if isAttribute(facet) {
		return facet
	}
	for _, row := range facetColumns[facet] {
		for _, t := range strings.Fields(row.types) {
			if t == eventType {
				return row.column
			}
		}
	}
	return ""
}

// expression returns a measure of an event type in NRQL; "" where the type doesn't
// have it.
func (m Measure) expression(eventType string) string {
	switch m.Of {
	case "errors":
		return m.errors(eventType)
	case "requests", "":
		switch m.Function {
		case "rate":
			return "rate(count(*), 1 minute)"
		case "count":
			return "count(*)"
		}
		return ""
	case "successes":
		if eventType == "SyntheticCheck" {
			return "percentage(count(*), WHERE result = 'SUCCESS')"
		}
		return ""
	}
	column := columns[m.Of][eventType]
	if column == "" {
		return ""
	}
	column = quoteName(column)
	switch m.Function {
	case "percentile":
		return strings.Replace(m.String(), m.Of, column, 1)
	case "apdex":
		return "apdex(" + column + ", t: 0.5)"
	case "average", "max", "min", "sum", "count", "uniqueCount":
		return m.Function + "(" + column + ")"
	}
	return ""
}

func (m Measure) errors(eventType string) string {
	failures := strings.HasSuffix(eventType, "Error") || strings.HasSuffix(eventType, "Crash")
	switch {
	case m.Function == "percentage" && eventType == "Transaction":
		return "percentage(count(*), WHERE error IS true)"
	case m.Function == "count" && eventType == "Transaction":
		return "filter(count(*), WHERE error IS true)"
	case m.Function == "rate" && failures:
		return "rate(count(*), 1 minute)"
	case m.Function == "count" && failures:
		return "count(*)"
	}
	return ""
}
