import type { compliance as en } from '../en/compliance.ts';

export const compliance: typeof en = {
  compliance: {
    disclaimer:
      '本表说明审计记录对各条款的支撑，不是合规证明：组织、制度以及数据库之外的部分需另行证明。“部分满足”一栏写明尚需完成的内容。',
    shortCsl: '事件保留时间不足《网络安全法》要求的六个月（180 天）。',
    shortPci: '事件保留时间不足 PCI DSS 10.5.1 要求的 12 个月：请延长保留时间或导出归档。',
    served: { served: '满足', partly: '部分满足', elsewhere: '不在此处' },
    columns: { clause: '条款', asks: '要求', served: '满足情况', by: '支撑能力与尚需完成', evidence: '本期证据' },
    frameworks: {
      mlps: '等保 2.0 三级（GB/T 22239-2019）与网络安全法',
      pci: 'PCI DSS 4.0 要求 10',
      sox: 'SOX 404 条款（IT 一般控制）',
      privacy: 'GDPR 与个人信息保护法',
    },
    and: '；',
    unknown: (name) => `${name}：此处未知`,
    names: {
      events: '语句',
      accounts: '账号',
      namedShare: '有账号的比例',
      outcomeShare: '有结果的比例',
      privileged: '特权账号语句',
      sensitiveReads: '敏感表访问',
      storeReads: '审计记录读取',
      refused: '拒绝',
      failedLogins: '登录失败',
      roleChanges: '权限变更',
      schemaChanges: '结构变更',
      agentStarts: '启停',
      gaps: '缺口',
      alerts: '告警',
      acknowledged: '已确认告警',
      rulesOn: '规则',
      keptDays: '已保留天数',
      retention: '保留期限',
      encrypted: '加密',
      integrity: '校验',
    },
    evidence: {
      events: (count) => `记录语句 ${count} 条`,
      accounts: (count) => `账号 ${count} 个`,
      namedShare: (share) => `${share} 的语句有账号`,
      outcomeShare: (share) => `${share} 有结果`,
      privileged: (count) => `特权账号语句 ${count} 条`,
      sensitiveReads: (count) => `敏感表语句 ${count} 条`,
      noSensitive: '尚未指定敏感表',
      storeReads: (count) => `审计记录被读取 ${count} 次，均有记录`,
      refused: (count) => `采集器拒绝 ${count} 次`,
      failedLogins: (count) => `登录失败 ${count} 次`,
      roleChanges: (count) => `账号与权限变更 ${count} 次`,
      schemaChanges: (count) => `结构变更 ${count} 次`,
      agentStarts: (starts, stops) => `探针启动 ${starts} 次、停止 ${stops} 次`,
      gaps: (count) => `缺口 ${count} 个，均有原因`,
      alerts: (count) => `告警 ${count} 个`,
      acknowledged: (count) => `已确认 ${count} 个`,
      rulesOn: (count) => `启用规则 ${count} 条`,
      keptDays: (days) => `最早事件距今 ${days} 天`,
      retention: (days) => `保留 ${days} 天`,
      encrypted: '静态加密',
      notEncrypted: '未静态加密',
      intact: (count) => `已校验 ${count} 个事件，无改动`,
      broken: '校验发现改动，见完整性报表',
    },
    clauses: {
      mlpsA: {
        asks: '启用安全审计，覆盖到每个用户，审计重要用户行为和重要安全事件。',
        by: '受监视流量中的全部语句与登录，重要事件有规则。尚需：没有探针的 Pod（见覆盖报表）；服务器本机上的操作。',
      },
      mlpsB: {
        asks: '记录包括日期和时间、用户、事件类型、是否成功及其他相关信息。',
        by: '每个事件含纳秒级时间、账号、客户端、动作、结果、语句与数据表。',
      },
      mlpsC: {
        asks: '保护审计记录，定期备份，避免非预期的删除、修改或覆盖。',
        by: '哈希链、异处保存的签名检查点、加密、Kubernetes 权限。尚需：备份数据卷或配置第二接收端。',
      },
      mlpsD: {
        asks: '保护审计进程，防止未经授权的中断。',
        by: '探针的启停与缺口均有记录并告警。尚需：控制集群中变更工作负载的权限。',
      },
      mlpsCentral: {
        asks: '集中收集、汇总和分析审计数据，留存时间符合法律法规。',
        by: '采集器集中收集、检索、告警与报表；保留期限由 store.retentionDays 设定。',
      },
      csl21: { asks: '网络日志留存不少于六个月。', by: '保留期限，默认 180 天。' },
      pci10211: {
        asks: '记录每个用户对持卡人数据的访问。',
        by: '敏感数据访问报表；请将含持卡人数据的表列入 sensitive_tables。',
      },
      pci10212: {
        asks: '记录拥有管理权限者的全部操作，包括交互式使用。',
        by: '特权账号报表。尚需：经服务器本机套接字的会话，探针看不到。',
      },
      pci10213: { asks: '记录对审计日志的全部访问。', by: '每次读取本记录都是一个事件：dbaudit.access。' },
      pci10214: {
        asks: '记录全部无效的逻辑访问尝试。',
        by: '数据库的登录与语句失败、采集器的拒绝。尚需：其他系统。',
      },
      pci10215: {
        asks: '记录标识与鉴别的变更：新建账号、提升权限、变更管理员。',
        by: '变更报表中 ROLE 类语句。',
      },
      pci10216: { asks: '记录审计日志的启动、停止与暂停。', by: 'dbaudit.agent.* 与 db.gap。尚需：数据库自身的日志。' },
      pci10217: { asks: '记录系统级对象的创建与删除。', by: '变更报表中 DDL 类语句。' },
      pci1022: {
        asks: '每条记录含用户、类型、日期时间、成败、来源与受影响对象。',
        by: '每个事件均含以上各项（以流量可见为限）。',
      },
      pci103: {
        asks: '防止日志被毁坏和修改，限制读取，及时备份。',
        by: 'Kubernetes 权限、哈希链与校验、加密。尚需：备份到另一系统。',
      },
      pci104: {
        asks: '每日以自动化手段审阅日志。',
        by: '规则检查每个事件，告警，定时日报。尚需：有人阅读并签字。',
      },
      pci1051: {
        asks: '日志保留 12 个月，其中三个月可立即查阅。',
        by: '保留的内容均可立即查阅。尚需：将 store.retentionDays 设为 365，或归档导出。',
      },
      pci106: { asks: '时钟同步。', by: '不由本产品提供：请在节点上使用 NTP；事件采用节点时间。' },
      pci107: {
        asks: '及时发现、报告并处置关键安全系统的失效。',
        by: '针对缺口、探针失明与停止的规则。尚需：其他系统，以及处置本身。',
      },
      soxChange: {
        asks: '数据结构的变更受变更管理控制。',
        by: '变更报表列出每次变更的账号、时间与结果。尚需：与审批单核对。',
      },
      soxAccess: {
        asks: '财务数据的访问经授权、使用得当并定期复核。',
        by: '特权账号、登录与访问矩阵报表。尚需：权限由谁批准。',
      },
      soxDuties: {
        asks: '职责分离：管理者不审计自己。',
        by: '读取、具体值、规则与告警分别授权，读取均有记录。尚需：权限的分配。',
      },
      soxEvidence: {
        asks: '证明控制在整个期间有效。',
        by: '定时报表、告警处置、完整性校验。尚需：签字确认。',
      },
      gdpr5: {
        asks: '个人数据以必要为限。',
        by: '机密始终遮蔽，具体值可按策略遮蔽；没有专门权限者看不到具体值。尚需：选择策略与保留期限。',
      },
      gdpr32: {
        asks: '保障处理安全并检验其有效性。',
        by: '静态与传输加密，敏感表访问记录。尚需：数据库之外的一切。',
      },
      gdpr33: {
        asks: '及时发现并通报泄露及其范围。',
        by: '告警；敏感数据访问报表给出表、行数与访问者。尚需：判断与通报。',
      },
      pipl51: {
        asks: '按角色限制访问，保障操作安全，加密或去标识化。',
        by: '按命名空间授权，具体值单独授权，读取均有记录。尚需：数据分类分级。',
      },
      pipl54: { asks: '定期对个人信息处理活动进行合规审计。', by: '审计记录本身与各类报表。尚需：审计工作。' },
    },
  },
};
