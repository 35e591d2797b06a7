// The charts of the figures, drawn from the tables beside them.
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, LineChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

const INK = "#17212e", INK2 = "#475467", LINE = "#dde3ea", BAR = "#3d6a9e", PALE = "#8fb0d8", REST = "#d3dae2", GREEN = "#14683f";
const HATCH = { symbol: "rect", color: "#8793a1", dashArrayX: [1, 0], dashArrayY: [2, 6], rotation: -Math.PI / 4, symbolSize: 1 };
const TEXT = { fontFamily: '"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif', color: INK2, fontSize: 12 };
const BASE = {
  animation: false, textStyle: TEXT, grid: { left: 36, right: 12, top: 34, bottom: 26 },
  // As text on the canvas: the page's policy forbids the inline style of any other.
  tooltip: { trigger: "axis", renderMode: "richText", confine: true, textStyle: { ...TEXT, color: INK } },
  yAxis: { type: "value", minInterval: 1, splitLine: { lineStyle: { color: LINE } }, axisLabel: TEXT },
};

const rowsOf = table => [...table.tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent.trim()));
const linkOf = (table, at, column) => table.tBodies[0].rows[at]?.cells[column]?.querySelector("a")?.href;

function draw(name, make) {
  const place = document.getElementById(`${name}-chart`), table = document.getElementById(name);
  if (!place || !table) return;
  place.hidden = false;
  const chart = init(place, null, { renderer: "canvas" });
  chart.setOption({ ...BASE, ...make(rowsOf(table), place.dataset.names.split("|"), place.clientWidth) });
  chart.on("click", event => {
    const address = linkOf(table, event.dataIndex, event.seriesIndex === 0 ? 1 : 2);
    if (address) location.assign(address);
  });
  new ResizeObserver(() => chart.resize()).observe(place);
}

draw("days", (rows, [received, closed, ahead]) => {
  const come = rows.map(row => row.length > 2);
  const numbers = column => rows.map((row, at) => (come[at] ? Number(row[column]) : null));
  const most = Math.max(4, ...numbers(1).filter(n => n !== null), ...numbers(3).filter(n => n !== null));
  const isAhead = come.includes(false);
  return {
    legend: { right: 0, top: 0, textStyle: TEXT, itemWidth: 14, itemHeight: 10, data: [received, closed, ...(isAhead ? [ahead] : [])] },
    xAxis: { type: "category", data: rows.map(row => row[0].slice(5)), axisLabel: { ...TEXT, hideOverlap: true }, axisTick: { show: false } },
    yAxis: { ...BASE.yAxis, max: isAhead ? Math.ceil(most / 4) * 4 : undefined },
    series: [
      { name: received, type: "bar", data: numbers(1), itemStyle: { color: PALE }, barGap: "-100%", barWidth: "80%" },
      { name: closed, type: "line", data: numbers(3), symbol: "none", itemStyle: { color: GREEN }, lineStyle: { color: GREEN, width: 2 } },
      ...(isAhead ? [{
        name: ahead, type: "bar", silent: true, tooltip: { show: false }, data: come.map(is => (is ? null : Math.ceil(most / 4) * 4)),
        itemStyle: { color: "#f3f5f8", decal: HATCH }, barWidth: "100%",
      }] : []),
    ],
  };
});

draw("months", (rows, [closed, open, running], width) => {
  const isLast = at => at === rows.length - 1 && !rows[at][3].match(/[%/—]/);
  const n = (row, column) => Number(row[column]);
  return {
    legend: { right: 0, top: 0, textStyle: TEXT, itemWidth: 14, itemHeight: 10 },
    grid: { ...BASE.grid, top: 48, bottom: 54 },
    xAxis: {
      type: "category", axisTick: { show: false }, axisLabel: { ...TEXT, interval: 0, lineHeight: 16, width: Math.floor((width - 48) / rows.length) - 4, overflow: "break" },
      data: rows.map((row, at) => `${row[0].slice(2)}\n${isLast(at) ? running : row[3]}`),
    },
    series: [
      {
        name: open, type: "bar", barWidth: "56%", barGap: "-100%", itemStyle: { color: "#e3e8ee", borderColor: REST },
        data: rows.map(row => n(row, 1)),
        label: { show: true, position: "top", color: INK, fontWeight: 600, formatter: each => `${rows[each.dataIndex][2]}/${rows[each.dataIndex][1]}` },
      },
      {
        name: closed, type: "bar", barWidth: "56%", itemStyle: { color: BAR },
        data: rows.map((row, at) => ({ value: n(row, 2), itemStyle: isLast(at) ? { color: "#fff", borderColor: BAR, decal: { ...HATCH, color: BAR } } : {} })),
      },
    ],
    tooltip: { ...BASE.tooltip, formatter: each => `${rows[each[0].dataIndex][0]}  ${rows[each[0].dataIndex][2]}/${rows[each[0].dataIndex][1]}` },
  };
});
