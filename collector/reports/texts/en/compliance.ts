/** The compliance map. What clauses ask is told in short; the standards' own words count. */
export const compliance = {
  compliance: {
    disclaimer:
      'This map shows what this record gives for each clause. It is no certificate: organisation, procedures and what happens outside databases are for you to show. "Partly" says what is left to do.',
    shortCsl: 'Events are kept for less than the 180 days that the Cybersecurity Law asks for.',
    shortPci:
      'Events are kept for less than the 12 months that PCI DSS 10.5.1 asks for: keep them longer, or export them.',
    served: { served: 'served', partly: 'partly', elsewhere: 'not here' },
    columns: {
      clause: 'Clause',
      asks: 'Asks for',
      served: 'Served',
      by: 'By what, and what is left',
      evidence: 'Evidence',
    },
    frameworks: {
      mlps: 'MLPS 2.0 level 3 (GB/T 22239-2019) and Cybersecurity Law',
      pci: 'PCI DSS 4.0, requirement 10',
      sox: 'SOX section 404, IT general controls',
      privacy: 'GDPR and PIPL',
    },
    and: '; ',
    unknown: (name: string) => `${name}: not known here`,
    names: {
      events: 'statements',
      accounts: 'accounts',
      namedShare: 'share with an account',
      outcomeShare: 'share with an outcome',
      privileged: 'statements of privileged accounts',
      sensitiveReads: 'access to sensitive tables',
      storeReads: 'reads of the record',
      refused: 'refusals',
      failedLogins: 'failed logins',
      roleChanges: 'changes of rights',
      schemaChanges: 'changes of schema',
      agentStarts: 'starts and stops',
      gaps: 'gaps',
      alerts: 'alerts',
      acknowledged: 'acknowledged alerts',
      rulesOn: 'rules',
      keptDays: 'days kept',
      retention: 'retention',
      encrypted: 'encryption',
      integrity: 'verification',
    },
    evidence: {
      events: (count: string) => `${count} statements recorded`,
      accounts: (count: string) => `${count} accounts`,
      namedShare: (share: string) => `${share} of statements with an account`,
      outcomeShare: (share: string) => `${share} with their outcome`,
      privileged: (count: string) => `${count} statements of privileged accounts`,
      sensitiveReads: (count: string) => `${count} statements on sensitive tables`,
      noSensitive: 'no sensitive tables are named',
      storeReads: (count: string) => `${count} reads of the record, each on record`,
      refused: (count: string) => `${count} refusals at the collector`,
      failedLogins: (count: string) => `${count} failed logins`,
      roleChanges: (count: string) => `${count} changes of accounts and rights`,
      schemaChanges: (count: string) => `${count} changes of schema`,
      agentStarts: (starts: string, stops: string) => `${starts} starts and ${stops} stops of agents`,
      gaps: (count: string) => `${count} gaps, each with its reason`,
      alerts: (count: string) => `${count} alerts`,
      acknowledged: (count: string) => `${count} acknowledged`,
      rulesOn: (count: string) => `${count} rules on`,
      keptDays: (days: string) => `the oldest event is ${days} days old`,
      retention: (days: string) => `kept for ${days} days`,
      encrypted: 'encrypted at rest',
      notEncrypted: 'not encrypted at rest',
      intact: (count: string) => `${count} events verified, nothing changed`,
      broken: 'verification found changes: see the integrity report',
    },
    clauses: {
      mlpsA: {
        asks: 'Audit reaches every user, important acts and important security events.',
        by: 'Every statement and login in watched traffic, rules for important events. Left: pods without an agent (coverage report); acts on servers themselves.',
      },
      mlpsB: {
        asks: 'Records have date, time, user, kind, success and what else matters.',
        by: 'Every event has time to the nanosecond, account, client, action, outcome, statement, tables.',
      },
      mlpsC: {
        asks: 'Records are protected, backed up, and not deleted, changed or overwritten unexpectedly.',
        by: 'Hash chains, signed checkpoints in a second place, encryption, rights by Kubernetes. Left: backups of the volume, or a second sink.',
      },
      mlpsD: {
        asks: 'The audit process is protected from unauthorised interruption.',
        by: 'Starts, stops and gaps of agents are on record and raise alerts. Left: rights to change workloads in the cluster.',
      },
      mlpsCentral: {
        asks: 'Audit data is gathered and analysed in one place and kept as long as the law asks.',
        by: 'The collector gathers, searches, alerts and reports; retention is set in store.retentionDays.',
      },
      csl21: {
        asks: 'Network logs are kept for at least six months.',
        by: 'Retention, 180 days unless set otherwise.',
      },
      pci10211: {
        asks: "Every individual user's access to cardholder data is logged.",
        by: 'Report on sensitive data; name tables with cardholder data in the list sensitive_tables.',
      },
      pci10212: {
        asks: 'All actions of anyone with administrative access are logged, interactive use of applications too.',
        by: "Report on privileged accounts. Left: sessions on a server's own socket, which no agent sees.",
      },
      pci10213: {
        asks: 'All access to audit logs is logged.',
        by: 'Every read of this record is an event, dbaudit.access.',
      },
      pci10214: {
        asks: 'All invalid attempts at logical access are logged.',
        by: 'Failed logins and statements at databases, refusals of the collector. Left: other systems.',
      },
      pci10215: {
        asks: 'Changes of identification and authentication are logged: new accounts, more rights, changed administrators.',
        by: 'Report on changes, statements of class ROLE.',
      },
      pci10216: {
        asks: 'Starts, stops and pauses of audit logs are logged.',
        by: "dbaudit.agent.* and db.gap. Left: the databases' own logs.",
      },
      pci10217: {
        asks: 'Creation and deletion of system-level objects are logged.',
        by: 'Report on changes, statements of class DDL.',
      },
      pci1022: {
        asks: 'Each record has user, kind, date and time, success, origin, and what was affected.',
        by: 'Every event has all of these, as far as traffic shows them.',
      },
      pci103: {
        asks: 'Logs are protected from destruction and change; few may read them; they are backed up promptly.',
        by: 'Rights by Kubernetes, hash chains and verification, encryption. Left: backups on another system.',
      },
      pci104: {
        asks: 'Logs are reviewed daily, by automatic means.',
        by: 'Rules on every event, alerts, the report of the day by schedule. Left: that somebody reads and signs it.',
      },
      pci1051: {
        asks: 'Logs are kept for 12 months, three of them at hand.',
        by: 'All that is kept is at hand. Left: set store.retentionDays to 365, or archive exports.',
      },
      pci106: {
        asks: 'Clocks are synchronised.',
        by: "Not by this product: NTP on the nodes; events have the node's time.",
      },
      pci107: {
        asks: 'Failures of critical security systems are found, reported and answered promptly.',
        by: 'Rules on gaps, blind agents and stopped agents. Left: other systems, and the answer itself.',
      },
      soxChange: {
        asks: 'Changes of data structures follow change control.',
        by: 'Report on changes lists each with account, time and outcome. Left: the approvals to match them with.',
      },
      soxAccess: {
        asks: 'Access to financial data is granted, used and reviewed properly.',
        by: 'Reports on privileged accounts, logins and the access matrix. Left: who approved which right.',
      },
      soxDuties: {
        asks: 'Duties are segregated: whoever administers does not audit.',
        by: 'Separate rights for reading, literals, rules and alerts; every read on record. Left: who is given them.',
      },
      soxEvidence: {
        asks: 'Controls are shown to have worked over the period.',
        by: 'Reports by schedule, handling of alerts, verification. Left: the sign-off.',
      },
      gdpr5: {
        asks: 'Personal data is limited to what is needed.',
        by: 'Secrets are always masked, literals on request; readers without a right of their own see none. Left: choosing the policy and the retention.',
      },
      gdpr32: {
        asks: 'Processing is secured, and its effectiveness is tested.',
        by: 'Encryption at rest and in transit, record of access to sensitive tables. Left: everything beyond databases.',
      },
      gdpr33: {
        asks: 'A breach is noticed and told in time, with its extent.',
        by: 'Alerts; the report on sensitive data tells tables, rows and who. Left: the judgement and the notice.',
      },
      pipl51: {
        asks: 'Access is limited by role, operations are secured, data is encrypted or de-identified.',
        by: 'Rights by namespace, literals apart, every read on record. Left: classification of the data.',
      },
      pipl54: {
        asks: 'Processing of personal information is audited for compliance regularly.',
        by: 'The record itself and these reports. Left: the audit.',
      },
    },
  },
};
