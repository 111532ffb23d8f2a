/** Facts of the period that a clause is shown to be served by. */
export type Evidence =
  | 'events'
  | 'accounts'
  | 'namedShare'
  | 'outcomeShare'
  | 'privileged'
  | 'sensitiveReads'
  | 'storeReads'
  | 'refused'
  | 'failedLogins'
  | 'roleChanges'
  | 'schemaChanges'
  | 'agentStarts'
  | 'gaps'
  | 'alerts'
  | 'acknowledged'
  | 'rulesOn'
  | 'keptDays'
  | 'retention'
  | 'encrypted'
  | 'integrity';

/** `partly`: something of it is left to others, as the text says; `elsewhere`: nothing of it is done here. */
export type Served = 'served' | 'partly' | 'elsewhere';

export interface Clause {
  readonly id: ClauseId;
  /** As the standard numbers it. */
  readonly number: string;
  readonly served: Served;
  readonly evidence: readonly Evidence[];
}

/** The words of each are in the texts, by this name. */
type ClauseId =
  | 'mlpsA'
  | 'mlpsB'
  | 'mlpsC'
  | 'mlpsD'
  | 'mlpsCentral'
  | 'csl21'
  | 'pci10211'
  | 'pci10212'
  | 'pci10213'
  | 'pci10214'
  | 'pci10215'
  | 'pci10216'
  | 'pci10217'
  | 'pci1022'
  | 'pci103'
  | 'pci104'
  | 'pci1051'
  | 'pci106'
  | 'pci107'
  | 'soxChange'
  | 'soxAccess'
  | 'soxDuties'
  | 'soxEvidence'
  | 'gdpr5'
  | 'gdpr32'
  | 'gdpr33'
  | 'pipl51'
  | 'pipl54';

export type FrameworkId = 'mlps' | 'pci' | 'sox' | 'privacy';

/**
 * GB/T 22239-2019 level 3 (8.1.4.3, 8.1.5.4) and the Cybersecurity Law; PCI DSS 4.0 requirement 10; SOX section 404 as auditors
 * read it for IT (change, access, duties, evidence); GDPR and PIPL.
 */
export const FRAMEWORKS: readonly { readonly id: FrameworkId; readonly clauses: readonly Clause[] }[] = [
  {
    id: 'mlps',
    clauses: [
      { id: 'mlpsA', number: '8.1.4.3 a', served: 'partly', evidence: ['events', 'accounts', 'rulesOn'] },
      { id: 'mlpsB', number: '8.1.4.3 b', served: 'served', evidence: ['namedShare', 'outcomeShare'] },
      { id: 'mlpsC', number: '8.1.4.3 c', served: 'partly', evidence: ['integrity', 'encrypted', 'refused'] },
      { id: 'mlpsD', number: '8.1.4.3 d', served: 'partly', evidence: ['agentStarts', 'gaps'] },
      { id: 'mlpsCentral', number: '8.1.5.4', served: 'served', evidence: ['events', 'keptDays', 'retention'] },
      { id: 'csl21', number: '网络安全法 21(3)', served: 'served', evidence: ['retention', 'keptDays'] },
    ],
  },
  {
    id: 'pci',
    clauses: [
      { id: 'pci10211', number: '10.2.1.1', served: 'served', evidence: ['sensitiveReads', 'accounts'] },
      { id: 'pci10212', number: '10.2.1.2', served: 'partly', evidence: ['privileged'] },
      { id: 'pci10213', number: '10.2.1.3', served: 'served', evidence: ['storeReads'] },
      { id: 'pci10214', number: '10.2.1.4', served: 'partly', evidence: ['failedLogins', 'refused'] },
      { id: 'pci10215', number: '10.2.1.5', served: 'served', evidence: ['roleChanges'] },
      { id: 'pci10216', number: '10.2.1.6', served: 'partly', evidence: ['agentStarts', 'gaps'] },
      { id: 'pci10217', number: '10.2.1.7', served: 'served', evidence: ['schemaChanges'] },
      { id: 'pci1022', number: '10.2.2', served: 'served', evidence: ['namedShare', 'outcomeShare'] },
      { id: 'pci103', number: '10.3', served: 'partly', evidence: ['integrity', 'encrypted', 'storeReads', 'refused'] },
      { id: 'pci104', number: '10.4.1, 10.4.1.1', served: 'partly', evidence: ['rulesOn', 'alerts', 'acknowledged'] },
      { id: 'pci1051', number: '10.5.1', served: 'partly', evidence: ['retention', 'keptDays'] },
      { id: 'pci106', number: '10.6', served: 'elsewhere', evidence: [] },
      { id: 'pci107', number: '10.7', served: 'partly', evidence: ['gaps', 'alerts'] },
    ],
  },
  {
    id: 'sox',
    clauses: [
      { id: 'soxChange', number: '404 · 1', served: 'partly', evidence: ['schemaChanges'] },
      { id: 'soxAccess', number: '404 · 2', served: 'partly', evidence: ['privileged', 'roleChanges', 'failedLogins'] },
      { id: 'soxDuties', number: '404 · 3', served: 'partly', evidence: ['storeReads', 'refused'] },
      { id: 'soxEvidence', number: '404 · 4', served: 'partly', evidence: ['alerts', 'acknowledged', 'integrity'] },
    ],
  },
  {
    id: 'privacy',
    clauses: [
      { id: 'gdpr5', number: 'GDPR 5(1)(c) · 个保法 6', served: 'partly', evidence: [] },
      { id: 'gdpr32', number: 'GDPR 32', served: 'partly', evidence: ['encrypted', 'sensitiveReads'] },
      { id: 'gdpr33', number: 'GDPR 33 · 个保法 57', served: 'partly', evidence: ['alerts', 'sensitiveReads'] },
      { id: 'pipl51', number: '个保法 51', served: 'partly', evidence: ['storeReads', 'encrypted'] },
      { id: 'pipl54', number: '个保法 54', served: 'partly', evidence: ['events', 'integrity'] },
    ],
  },
];
