import { CellApiModule } from "ag-grid-community";

// The parts of AG Grid that the board's tables have; the whole has editors, filters and more.
export {
  CellApiModule,
  CellStyleModule,
  ClientSideRowModelApiModule,
  ClientSideRowModelModule,
  ColumnApiModule,
  ColumnAutoSizeModule,
  EventApiModule,
  InfiniteRowModelModule,
  LocaleModule,
  RenderApiModule,
  RowApiModule,
  RowSelectionModule,
  RowStyleModule,
  ScrollApiModule,
  TooltipModule,
} from "ag-grid-community";

// dash-ag-grid asks every table how it is filtered and paged. Ours are not: filters are the board's
// own, and rows come as one scrolls. AG Grid's modules for it would be a tenth of the bundle.
const told = (moduleName, apiFunctions) => ({ moduleName, version: CellApiModule.version, apiFunctions });

export const NotFiltered = told("NotFiltered", {
  getFilterModel: () => ({}),
  setFilterModel: () => {},
});
export const OnePage = told("OnePage", {
  paginationIsLastPageFound: ({ rowModel }) => rowModel.isLastRowIndexKnown(),
  paginationGetPageSize: ({ rowModel }) => rowModel.getRowCount(),
  paginationGetCurrentPage: () => 0,
  paginationGetTotalPages: () => 1,
  paginationGetRowCount: ({ rowModel }) => rowModel.getRowCount(),
});
